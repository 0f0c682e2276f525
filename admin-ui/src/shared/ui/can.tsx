import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type Action, permitsSomewhere } from '@/shared/lib/permissions';
import { useCan, useTenant } from '@/shared/lib/tenant';
import { ForbiddenState } from './empty-state';

interface Props extends ButtonProps {
  needs: Action;
  store?: string;
  /** Another reason why it cannot be done now. */
  refused?: string;
  onClick: () => void;
  children: ReactNode;
}

/** A button that stays where it is for who may not press it, and says why. */
export function GuardedButton({ needs, store, refused, onClick, children, ...rest }: Props) {
  const { t } = useTranslation('shared');
  const can = useCan();
  const reason = can(needs, store) ? refused : t('needs', { needs });
  if (!reason) {
    return (
      <Button onClick={onClick} {...rest}>
        {children}
      </Button>
    );
  }
  return (
    <Tooltip label={reason}>
      <Button {...rest} data-disabled aria-disabled onClick={(event) => event.preventDefault()}>
        {children}
      </Button>
    </Tooltip>
  );
}

/** A page for who may see it; for the others, whom to ask. */
export function Gate({ needs, children }: { needs: Action; children: ReactNode }) {
  const { permissions } = useTenant();
  return permitsSomewhere(permissions, needs) ? children : <ForbiddenState needs={needs} page />;
}
