import { Badge, Button, Checkbox, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, type Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { browserName } from '@/shared/lib/browser';
import { held } from '@/shared/lib/permissions';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { endOfDay } from '@/shared/lib/time-range';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote, NeverState } from '@/shared/ui/empty-state';
import { PageHeader, Panel } from '@/shared/ui/page-header';
import { RevealSecret } from '@/shared/ui/reveal-secret';
import { Status } from '@/shared/ui/status';

/** One's own browsers and access tokens in this tenant. */
export function AccountPage() {
  const { t } = useTranslation('account');
  return (
    <>
      <PageHeader title={t('title')} text={t('text')} />
      <Stack>
        <Sessions />
        <Tokens />
      </Stack>
    </>
  );
}

function Sessions() {
  const { t } = useTranslation('account');
  const { slug } = useTenant();
  const format = useFormat();
  const queries = useQueryClient();
  const key = ['me', 'sessions', slug];
  const pages = usePages<Schema['Session']>(key, (after, signal) =>
    call(api.GET('/api/v1/me/sessions', { params: { query: { tenant: slug, after } }, signal })),
  );
  const end = useMutation({
    mutationFn: (session: string) =>
      call(api.DELETE('/api/v1/me/sessions/{session}', { params: { path: { session }, query: { tenant: slug } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  });
  const columns: Column<Schema['Session']>[] = [
    {
      id: 'browser',
      header: t('browser'),
      cell: (s) => (
        <>
          <span title={s.userAgent}>{browserName(s.userAgent)}</span>{' '}
          {s.current && <Badge ml={4}>{t('current')}</Badge>}
        </>
      ),
    },
    { id: 'address', header: t('address'), cell: (s) => s.address, below: 'sm' },
    {
      id: 'started',
      header: t('started'),
      cell: (s) => <time dateTime={s.startedAt}>{format.time(s.startedAt)}</time>,
      below: 'md',
    },
    { id: 'seen', header: t('seen'), cell: (s) => <time dateTime={s.lastSeenAt}>{format.ago(s.lastSeenAt)}</time> },
    {
      id: 'end',
      header: '',
      end: true,
      cell: (s) => (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => end.mutate(s.id)}
          loading={end.isPending && end.variables === s.id}
          aria-label={t('endNamed', { browser: browserName(s.userAgent) })}
        >
          {t('end')}
        </Button>
      ),
    },
  ];
  return (
    <Panel title={t('sessions')}>
      <ErrorNote error={end.error} />
      <DataTable
        label={t('sessions')}
        columns={columns}
        pages={pages}
        rowId={(s) => s.id}
        empty={<NeverState title={t('noSessions')} text={t('noSessionsText')} />}
      />
    </Panel>
  );
}

type Token = Schema['Token'];

function Tokens() {
  const { t } = useTranslation('account');
  const { slug } = useTenant();
  const format = useFormat();
  const queries = useQueryClient();
  const key = ['me', 'tokens', slug];
  const pages = usePages<Token>(key, (after, signal) =>
    call(api.GET('/api/v1/me/tokens', { params: { query: { tenant: slug, after } }, signal })),
  );
  const [creating, setCreating] = useState(false);
  const [issued, setIssued] = useState<Schema['IssuedToken']>();
  const revoke = useMutation({
    mutationFn: (token: string) =>
      call(api.DELETE('/api/v1/me/tokens/{token}', { params: { path: { token }, query: { tenant: slug } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  });
  const columns: Column<Token>[] = [
    { id: 'name', header: t('name'), cell: (token) => token.name },
    {
      id: 'actions',
      header: t('may'),
      cell: (token) => (
        <span title={token.actions.join(', ')}>{t('actionCount', { count: token.actions.length })}</span>
      ),
      below: 'sm',
    },
    { id: 'status', header: t('status'), cell: (token) => <Status of={token.status} /> },
    { id: 'expires', header: t('expires'), cell: (token) => format.date(token.expiresAt), below: 'sm' },
    {
      id: 'used',
      header: t('used'),
      cell: (token) => (token.lastUsedAt ? format.ago(token.lastUsedAt) : t('never')),
      below: 'md',
    },
    {
      id: 'revoke',
      header: '',
      end: true,
      cell: (token) =>
        token.status === 'active' && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => revoke.mutate(token.id)}
            aria-label={t('revokeNamed', { name: token.name })}
          >
            {t('revoke')}
          </Button>
        ),
    },
  ];
  const create = <Button onClick={() => setCreating(true)}>{t('create')}</Button>;
  return (
    <Panel title={t('tokens')}>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          {t('tokensText')}
        </Text>
        {create}
      </Group>
      <ErrorNote error={revoke.error} />
      <DataTable
        label={t('tokens')}
        columns={columns}
        pages={pages}
        rowId={(token) => token.id}
        empty={<NeverState title={t('noTokens')} text={t('noTokensText')} />}
      />
      {creating && !issued && <CreateToken onClose={() => setCreating(false)} onIssued={setIssued} />}
      {issued && (
        <RevealSecret
          title={t('reveal', { name: issued.token.name })}
          warning={t('warning')}
          tabs={[
            { name: t('token'), text: issued.secret, field: true },
            { name: t('header'), text: `Authorization: Bearer ${issued.secret}` },
          ]}
          onDone={() => {
            setIssued(undefined);
            setCreating(false);
            void queries.invalidateQueries({ queryKey: key });
          }}
        />
      )}
    </Panel>
  );
}

function CreateToken({
  onClose,
  onIssued,
}: {
  onClose: () => void;
  onIssued: (issued: Schema['IssuedToken']) => void;
}) {
  const { t } = useTranslation('account');
  const tenant = useTenant();
  const once = useRef(onceKey());
  const [name, setName] = useState('');
  const [actions, setActions] = useState<string[]>([]);
  const [expires, setExpires] = useState(() => new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10));
  const create = useMutation({
    gcTime: 0,
    mutationFn: () =>
      call(
        api.POST('/api/v1/me/tokens', {
          params: { query: { tenant: tenant.slug }, header: { 'Idempotency-Key': once.current } },
          body: { name: name.trim(), actions, expiresAt: endOfDay(expires, tenant.timeZone) },
        }),
      ),
    onSuccess: onIssued,
  });
  return (
    <Dialog opened onClose={onClose} title={t('create')} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Stack>
          <TextInput
            label={t('name')}
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <TextInput
            type="date"
            label={t('expires')}
            description={t('expiresHint')}
            required
            value={expires}
            onChange={(event) => setExpires(event.currentTarget.value)}
          />
          <Checkbox.Group label={t('may')} description={t('mayHint')} value={actions} onChange={setActions}>
            <SimpleGrid cols={{ base: 1, sm: 2 }} mt="sm" verticalSpacing={8}>
              {held(tenant.permissions).map((action) => (
                <Checkbox key={action} value={action} label={<code>{action}</code>} />
              ))}
            </SimpleGrid>
          </Checkbox.Group>
          <ErrorNote error={create.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={create.isPending} disabled={!name.trim() || actions.length === 0}>
              {t('create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
