import { SimpleGrid, Skeleton, Stack, Text, ThemeIcon } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Check, Circle } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { fetchStatements } from '@/api/statements';
import { storesQuery } from '@/api/stores';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { sentence } from '@/shared/lib/xapi';
import { ErrorNote } from '@/shared/ui/empty-state';
import { ButtonLink, TextLink } from '@/shared/ui/links';
import { PageHeader, Panel } from '@/shared/ui/page-header';
import { checklist, type Step } from './checklist';
import classes from './home.module.css';
import { Use } from './use';

export function HomePage() {
  const { t, i18n } = useTranslation('home');
  const shared = useTranslation('shared').t;
  const tenant = useTenant();
  const can = useCan();
  const format = useFormat();
  const params = { path: { tenant: tenant.slug } };
  const stores = useQuery({ ...storesQuery(tenant.slug), enabled: can('stores.view') });
  const store = (stores.data ?? [])
    .filter((s) => can('statements.view', s.slug))
    .sort((a, b) => Number(b.kind === 'production') - Number(a.kind === 'production'))[0];
  const keys = useQuery({
    queryKey: ['keys', tenant.slug, 'home'],
    queryFn: ({ signal }) =>
      call(api.GET('/api/v1/tenants/{tenant}/keys', { params: { ...params, query: { limit: 100 } }, signal })),
    enabled: can('keys.view'),
  });
  const members = useQuery({
    queryKey: ['members', tenant.slug, 'home'],
    queryFn: ({ signal }) =>
      call(api.GET('/api/v1/tenants/{tenant}/members', { params: { ...params, query: { limit: 5 } }, signal })),
    enabled: can('members.view'),
  });
  const latest = useQuery({
    queryKey: ['statements', tenant.slug, store?.slug, 'home'],
    queryFn: ({ signal }) => fetchStatements(tenant.slug, store?.slug ?? '', {})(undefined, signal),
    enabled: store !== undefined,
  });
  const usage = useQuery({
    queryKey: ['usage', tenant.slug, 'home'],
    queryFn: ({ signal }) => call(api.GET('/api/v1/tenants/{tenant}/usage', { params, signal })),
    enabled: can('billing.view'),
  });
  const done = checklist({
    keys: keys.data?.items,
    statements: latest.data?.items.length,
    members: members.data?.items.length,
  });
  const steps: [Step, ReactNode][] = [
    [
      'key',
      <ButtonLink
        key="key"
        size="compact-sm"
        variant="default"
        to="/t/$tenant/keys"
        params={{ tenant: tenant.slug }}
        search={{ create: true }}
      >
        {t('key.go')}
      </ButtonLink>,
    ],
    [
      'send',
      <ButtonLink key="send" size="compact-sm" variant="default" to="/t/$tenant/keys" params={{ tenant: tenant.slug }}>
        {t('send.go')}
      </ButtonLink>,
    ],
    [
      'see',
      <ButtonLink
        key="see"
        size="compact-sm"
        variant="default"
        to="/t/$tenant/statements"
        params={{ tenant: tenant.slug }}
        search={{ live: true }}
      >
        {t('see.go')}
      </ButtonLink>,
    ],
    [
      'invite',
      <ButtonLink
        key="invite"
        size="compact-sm"
        variant="default"
        to="/t/$tenant/members"
        params={{ tenant: tenant.slug }}
        search={{ invite: true }}
      >
        {t('invite.go')}
      </ButtonLink>,
    ],
  ];
  // All at once: a part that comes later would push the others down.
  const loading = [stores, keys, members, latest, usage].some((query) => query.isLoading);
  const known = steps.filter(([step]) => done[step] !== undefined);
  const open = known.filter(([step]) => !done[step]);
  const words = { language: i18n.language, percent: format.percent, t: shared };
  return (
    <>
      <PageHeader title={tenant.name} text={t('text', { zone: format.timeZone })} />
      {loading ? (
        <Lines />
      ) : (
        <Stack>
          <ErrorNote error={stores.error} />
          {open.length > 0 && known.length > 0 && (
            <Panel title={t('setup', { done: known.length - open.length, of: known.length })}>
              <ol className={classes.steps}>
                {known.map(([step, button]) => (
                  <li key={step} className={classes.step}>
                    <ThemeIcon
                      variant={done[step] ? 'filled' : 'default'}
                      color={done[step] ? 'teal.9' : undefined}
                      radius="xl"
                      size={26}
                      role="img"
                      aria-label={t(done[step] ? 'isDone' : 'isOpen')}
                    >
                      {done[step] ? <Check size={15} aria-hidden /> : <Circle size={9} aria-hidden />}
                    </ThemeIcon>
                    <div>
                      <Text fw={600} size="sm">
                        {t(`${step}.title`)}
                      </Text>
                      <Text size="sm" c="dimmed">
                        {t(`${step}.text`)}
                      </Text>
                    </div>
                    {!done[step] && button}
                  </li>
                ))}
              </ol>
            </Panel>
          )}
          <ErrorNote error={usage.error} />
          {usage.data && usage.data.items.length > 0 && <Use days={usage.data.items} />}
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            {store && (
              <Panel title={t('latest', { store: store.name })}>
                <ErrorNote error={latest.error} />
                {latest.data?.items.length === 0 && (
                  <Text size="sm" c="dimmed">
                    {t('latestNone')}
                  </Text>
                )}
                <ul className={classes.list}>
                  {latest.data?.items.slice(0, 8).map((row) => (
                    <li key={row.id}>
                      <TextLink
                        size="sm"
                        to="/t/$tenant/statements"
                        params={{ tenant: tenant.slug }}
                        search={{ id: row.id, store: store.slug }}
                      >
                        {sentence(row, words)}
                      </TextLink>
                      <Text size="xs" c="dimmed">
                        {format.ago(row.stored)}
                      </Text>
                    </li>
                  ))}
                </ul>
              </Panel>
            )}
            {can('keys.view') && (
              <Panel title={t('keysUsed')}>
                <ErrorNote error={keys.error} />
                {keys.data?.items.length === 0 && (
                  <Text size="sm" c="dimmed">
                    {t('keysNone')}
                  </Text>
                )}
                <ul className={classes.list}>
                  {[...(keys.data?.items ?? [])]
                    .sort((a, b) => (b.lastUsedAt ?? '').localeCompare(a.lastUsedAt ?? ''))
                    .slice(0, 8)
                    .map((key) => (
                      <li key={key.user}>
                        <TextLink
                          size="sm"
                          to="/t/$tenant/keys"
                          params={{ tenant: tenant.slug }}
                          search={{ key: key.user }}
                        >
                          {key.name}
                        </TextLink>
                        <Text size="xs" c="dimmed">
                          {key.lastUsedAt ? format.ago(key.lastUsedAt) : t('keyNever')}
                        </Text>
                      </li>
                    ))}
                </ul>
              </Panel>
            )}
          </SimpleGrid>
        </Stack>
      )}
    </>
  );
}

function Lines() {
  const { t } = useTranslation('shared');
  return (
    <div role="status" aria-busy aria-label={t('loading')}>
      {[0, 1, 2, 3].map((line) => (
        <Skeleton key={line} height={14} my={13} width={line % 2 ? '65%' : '80%'} />
      ))}
    </div>
  );
}
