import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const colors: Record<string, string> = {
  active: 'teal',
  ok: 'teal',
  passed: 'teal',
  success: 'teal',
  verified: 'teal',
  invited: 'stoa',
  waiting: 'stoa',
  retiring: 'orange',
  expired: 'orange',
  degraded: 'orange',
  denied: 'orange',
  unverified: 'orange',
  paused: 'gray',
  production: 'stoa',
  sandbox: 'orange',
  failing: 'red',
  failed: 'red',
  failure: 'red',
  suspended: 'red',
  voided: 'red',
};

/** A state as a coloured word; the word alone says it, the colour helps to find it. */
export function Status({ of }: { of: string }) {
  const { t } = useTranslation('shared');
  return (
    <Badge color={colors[of] ?? 'gray'} miw="max-content">
      {t(`status.${of}` as 'status.active')}
    </Badge>
  );
}
