import { Alert, Button, Group, Stack } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onceKey, type Schema } from '@/api/client';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { ConfirmByName } from '@/shared/ui/confirm-by-name';
import { DetailDrawer } from '@/shared/ui/detail-drawer';
import { ErrorNote } from '@/shared/ui/empty-state';
import { Facts } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import { type Stream, useStreamChanges } from './queries';

export function StreamDrawer({
  of,
  onClose,
  onIssued,
}: {
  of: Stream;
  onClose: () => void;
  onIssued: (issued: Schema['IssuedStream']) => void;
}) {
  const { t } = useTranslation('streams');
  const tenant = useTenant();
  const format = useFormat();
  const { change, rotate, remove } = useStreamChanges(tenant.slug);
  const [asking, setAsking] = useState<'rotate' | 'remove'>();
  const once = useRef(onceKey());
  const paused = of.status === 'paused';
  return (
    <DetailDrawer opened onClose={onClose} title={of.name}>
      <Stack>
        {of.lastError && (
          <Alert color={of.status === 'failing' ? 'red' : 'orange'} title={t('lastError')}>
            {of.lastError}
            <br />
            {t('lastErrorText')}
          </Alert>
        )}
        <Facts
          rows={[
            [t('status'), <Status key="status" of={of.status} />],
            [t('kind'), t(`kinds.${of.kind}`)],
            [t('url'), <code key="url">{of.url}</code>],
            [t('behind'), format.number(of.behind)],
            [t('last'), of.lastDeliveredAt ? format.exact(of.lastDeliveredAt) : t('never')],
            [t('created'), format.time(of.createdAt)],
            [t('authority'), of.authority && t('ownAuthority')],
          ]}
        />
        <ErrorNote error={change.error} />
        <Group>
          <Button
            variant="default"
            loading={change.isPending}
            onClick={() => change.mutate({ stream: of.id, body: { status: paused ? 'active' : 'paused' } })}
          >
            {t(paused ? 'resume' : 'pause')}
          </Button>
          {of.kind === 'webhook' && (
            <Button variant="default" onClick={() => setAsking('rotate')}>
              {t('rotate.open')}
            </Button>
          )}
          <Button
            variant="outline"
            color="red"
            c="var(--mantine-color-error)"
            onClick={() => {
              remove.reset();
              setAsking('remove');
            }}
          >
            {t('remove.open')}
          </Button>
        </Group>
      </Stack>
      <ConfirmByName
        opened={asking === 'rotate'}
        onClose={() => setAsking(undefined)}
        title={t('rotate.title', { name: of.name })}
        name={of.name}
        action={t('rotate.go')}
        onConfirm={() =>
          rotate.mutate(
            { stream: of.id, once: once.current },
            {
              onSuccess: (issued) => {
                setAsking(undefined);
                once.current = onceKey();
                onClose();
                onIssued(issued);
              },
            },
          )
        }
        pending={rotate.isPending}
        error={rotate.error}
      >
        {t('rotate.text')}
      </ConfirmByName>
      <ConfirmByName
        opened={asking === 'remove'}
        onClose={() => setAsking(undefined)}
        title={t('remove.title', { name: of.name })}
        name={of.name}
        action={t('remove.go')}
        onConfirm={() => remove.mutate(of.id, { onSuccess: onClose })}
        pending={remove.isPending}
        error={remove.error}
      >
        {t('remove.text', { count: of.behind, shown: format.number(of.behind) })}
      </ConfirmByName>
    </DetailDrawer>
  );
}
