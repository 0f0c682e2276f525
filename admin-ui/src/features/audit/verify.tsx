import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote } from '@/shared/ui/empty-state';
import { JobProgress } from '@/shared/ui/job-progress';
import { Facts } from '@/shared/ui/page-header';
import { useVerify, type Verification } from './queries';

/** Checks the chain of seals, and says what is wrong. */
export function Verify({ onClose, onEvent }: { onClose: () => void; onEvent: (id: string) => void }) {
  const { t } = useTranslation('audit');
  const tenant = useTenant();
  const format = useFormat();
  const [progress, setProgress] = useState<Verification>();
  const { mutate, data, error, isPending } = useVerify(tenant.slug, setProgress);
  const started = useRef(false);
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    mutate();
  }, [mutate]);
  return (
    <Dialog opened onClose={onClose} title={t('verify.title')}>
      <Stack>
        {isPending && <JobProgress label={t('verify.running')} done={progress?.events ?? 0} />}
        <ErrorNote error={error} />
        {data && (
          <>
            <Alert color={data.ok ? 'teal' : 'red'} title={data.ok ? t('verify.ok') : t('verify.broken')}>
              {data.ok ? t('verify.okText') : t('verify.problems', { count: data.problems ?? 0 })}
            </Alert>
            <Facts
              rows={[
                [t('verify.seals'), format.number(data.seals)],
                [t('verify.events'), format.number(data.events)],
                [t('verify.waiting'), data.waiting ? format.number(data.waiting) : undefined],
                [t('verify.expired'), data.expiredUpToSeal ? format.number(data.expiredUpToSeal) : undefined],
                [t('verify.anchors'), data.anchors ? format.number(data.anchors) : undefined],
                [t('verify.last'), data.at && format.exact(data.at)],
              ]}
            />
            {data.findings?.map(({ kind, seal, event, text }) => (
              <Group key={`${kind} ${seal} ${event} ${text}`} justify="space-between" wrap="nowrap">
                <Text size="sm">{text}</Text>
                {event && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => {
                      onClose();
                      onEvent(event);
                    }}
                  >
                    {t('verify.show')}
                  </Button>
                )}
              </Group>
            ))}
          </>
        )}
      </Stack>
    </Dialog>
  );
}
