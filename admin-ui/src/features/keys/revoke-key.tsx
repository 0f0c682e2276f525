import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useTenant } from '@/shared/lib/tenant';
import { ConfirmByName } from '@/shared/ui/confirm-by-name';
import { LastDay } from './last-day';
import { type Key, useKeyChanges } from './queries';

/** Revoking, with what the key did in the last day in view: who would be cut off. */
export function RevokeKey({ of, onClose }: { of: Key; onClose: () => void }) {
  const { t } = useTranslation('keys');
  const tenant = useTenant();
  const { revoke } = useKeyChanges(tenant.slug);
  return (
    <ConfirmByName
      opened
      onClose={onClose}
      title={t('revoke.title', { name: of.name })}
      name={of.name}
      action={t('revoke.submit')}
      onConfirm={() => revoke.mutate(of.user, { onSuccess: onClose })}
      pending={revoke.isPending}
      error={revoke.error}
    >
      <Stack>
        <span>{t('revoke.text')}</span>
        <LastDay user={of.user} />
      </Stack>
    </ConfirmByName>
  );
}
