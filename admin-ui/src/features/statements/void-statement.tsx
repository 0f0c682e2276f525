import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useTenant } from '@/shared/lib/tenant';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote } from '@/shared/ui/empty-state';
import { useVoid } from './queries';

export function VoidStatement({ store, id, onClose }: { store: string; id: string; onClose: () => void }) {
  const { t } = useTranslation('statements');
  const tenant = useTenant();
  const change = useVoid(tenant.slug, store);
  const [reason, setReason] = useState('');
  return (
    <Dialog opened onClose={onClose} title={t('void.title')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim().length >= 3)
            change.mutate({ statement: id, reason: reason.trim() }, { onSuccess: onClose });
        }}
      >
        <Stack>
          <Text size="sm">{t('void.text')}</Text>
          <Textarea
            label={t('void.reason')}
            description={t('void.reasonHint')}
            required
            minLength={3}
            maxLength={1000}
            autosize
            minRows={2}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-autofocus
          />
          <ErrorNote error={change.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" color="red.8" loading={change.isPending} disabled={reason.trim().length < 3}>
              {t('void.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
