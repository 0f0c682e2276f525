import { Button, Group, Radio, Stack, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onceKey, type Schema } from '@/api/client';
import { useTenant } from '@/shared/lib/tenant';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote } from '@/shared/ui/empty-state';
import { type Key, useKeyChanges } from './queries';

/** Minutes that the secret so far goes on working. */
const graces = [0, 15, 60, 360, 1440] as const;

export function RotateKey({
  of,
  onClose,
  onIssued,
}: {
  of: Key;
  onClose: () => void;
  onIssued: (issued: Schema['IssuedKey']) => void;
}) {
  const { t } = useTranslation('keys');
  const tenant = useTenant();
  const { rotate } = useKeyChanges(tenant.slug);
  const once = useRef(onceKey());
  const [grace, setGrace] = useState('1440');
  const go = () =>
    rotate.mutate({ key: of.user, graceMinutes: Number(grace), once: once.current }, { onSuccess: onIssued });
  return (
    <Dialog opened onClose={onClose} title={t('rotate.title', { name: of.name })}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go();
        }}
      >
        <Stack>
          <Text size="sm">{t('rotate.text')}</Text>
          <Radio.Group label={t('rotate.grace')} value={grace} onChange={setGrace}>
            <Stack gap={8} mt="xs">
              {graces.map((minutes) => (
                <Radio
                  key={minutes}
                  value={String(minutes)}
                  label={t(`rotate.after${minutes}`)}
                  data-autofocus={minutes === 1440 || undefined}
                />
              ))}
            </Stack>
          </Radio.Group>
          {grace === '0' && (
            <Text size="sm" c="var(--mantine-color-error)">
              {t('rotate.nowWarning')}
            </Text>
          )}
          <ErrorNote error={rotate.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={rotate.isPending}>
              {t('rotate.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
