import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/shared/lib/tenant';
import { Status } from '@/shared/ui/status';
import { type Key, retiring, status } from './queries';

export function KeyStatus({ of, now }: { of: Key; now: number }) {
  const { t } = useTranslation('keys');
  const format = useFormat();
  const old = retiring(of, now);
  return (
    <Group gap={6}>
      <Status of={status(of, now)} />
      {old?.expiresAt && (
        <Text size="xs" c="dimmed" span>
          {t('oldEnds', { when: format.ago(old.expiresAt, now) })}
        </Text>
      )}
    </Group>
  );
}
