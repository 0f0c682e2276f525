import { Alert, Button, Loader, Stack } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote } from '@/shared/ui/empty-state';
import { Facts } from '@/shared/ui/page-header';
import { useVerify } from './queries';

/** Checks the chain of seals, and says the first thing that is wrong. */
export function Verify({ onClose, onEvent }: { onClose: () => void; onEvent: (id: string) => void }) {
  const { t } = useTranslation('audit');
  const tenant = useTenant();
  const format = useFormat();
  const { mutate, data, error, isPending } = useVerify(tenant.slug);
  const started = useRef(false);
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    mutate();
  }, [mutate]);
  const broken = data?.broken?.event;
  return (
    <Dialog opened onClose={onClose} title={t('verify.title')}>
      <Stack>
        {isPending && <Loader size="sm" aria-label={t('verify.running')} />}
        <ErrorNote error={error} />
        {data && (
          <>
            <Alert color={data.ok ? 'teal' : 'red'} title={data.ok ? t('verify.ok') : t('verify.broken')}>
              {data.ok ? t('verify.okText') : data.broken?.reason}
            </Alert>
            <Facts
              rows={[
                [
                  t('verify.seals'),
                  t('verify.range', { from: format.number(data.from), to: format.number(data.to), count: data.seals }),
                ],
                [t('verify.events'), format.number(data.events)],
                [t('at'), format.exact(data.at)],
                [t('verify.seal'), data.broken?.seal],
              ]}
            />
            {broken && (
              <Button
                variant="default"
                onClick={() => {
                  onClose();
                  onEvent(broken);
                }}
              >
                {t('verify.show')}
              </Button>
            )}
          </>
        )}
      </Stack>
    </Dialog>
  );
}
