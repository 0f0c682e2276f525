import { Button, Group, Radio, Select, Stack, Text, Textarea } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote } from '@/shared/ui/empty-state';
import { useTenantChanges } from './queries';

/** Going into a client's tenant: with a reason, for a time, and seen by the client. */
export function Enter({ tenant, onClose }: { tenant: { slug: string; name: string }; onClose: () => void }) {
  const { t } = useTranslation('operator');
  const navigate = useNavigate();
  const { enter } = useTenantChanges();
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState('60');
  const [level, setLevel] = useState<'read' | 'full'>('read');
  return (
    <Dialog opened onClose={onClose} title={t('enter.named', { name: tenant.name })}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          enter.mutate(
            { tenant: tenant.slug, body: { reason: reason.trim(), minutes: Number(minutes), level } },
            { onSuccess: () => navigate({ to: '/t/$tenant/home', params: { tenant: tenant.slug } }) },
          );
        }}
      >
        <Stack>
          <Text size="sm">{t('enter.text')}</Text>
          <Textarea
            label={t('enter.reason')}
            description={t('enter.reasonHint')}
            required
            minLength={10}
            maxLength={1000}
            autosize
            minRows={2}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-autofocus
          />
          <Select
            label={t('enter.minutes')}
            data={['15', '30', '60', '120', '240'].map((value) => ({
              value,
              label: t('enter.min', { count: Number(value) }),
            }))}
            value={minutes}
            onChange={(value) => setMinutes(value ?? '60')}
            allowDeselect={false}
          />
          <Radio.Group label={t('enter.level')} value={level} onChange={(value) => setLevel(value as typeof level)}>
            <Stack gap={8} mt="xs">
              <Radio value="read" label={t('enter.read')} />
              <Radio value="full" label={t('enter.full')} description={t('enter.fullHint')} />
            </Stack>
          </Radio.Group>
          <ErrorNote error={enter.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={enter.isPending} disabled={reason.trim().length < 10}>
              {t('enter.go')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
