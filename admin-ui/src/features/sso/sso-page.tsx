import { Alert, Badge, Button, Group, Loader, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ChangeEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema, type Versioned, versioned } from '@/api/client';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { Copy } from '@/shared/ui/copy';
import { ErrorNote, ErrorState } from '@/shared/ui/empty-state';
import { Facts, PageHeader, Panel } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import { Directory } from './directory';
import { Domains } from './domains';
import { Mappings } from './mappings';
import { RoleSelect } from './role-select';

type SSO = Schema['SSO'];

export const ssoKey = (tenant: string) => ['sso', tenant, 'settings'] as const;

/** How the tenant's people sign in: a draft is saved, tried out, and only then put in force. */
export function SSOPage() {
  const { t } = useTranslation('sso');
  const tenant = useTenant();
  const sso = useQuery({
    queryKey: ssoKey(tenant.slug),
    queryFn: ({ signal }) =>
      versioned(api.GET('/api/v1/tenants/{tenant}/sso', { params: { path: { tenant: tenant.slug } }, signal })),
    refetchOnWindowFocus: false,
  });
  return (
    <>
      <PageHeader title={t('title')} text={t('text')} />
      {sso.error && <ErrorState error={sso.error} retry={() => void sso.refetch()} />}
      {sso.isPending && <Loader size="sm" aria-label={t('loading', { ns: 'shared' })} />}
      {sso.data && (
        <Stack maw={900}>
          <Active of={sso.data.value} />
          <Draft key={sso.data.etag} of={sso.data} />
          <Test of={sso.data} />
          <Mappings />
          <Domains />
          <Directory />
        </Stack>
      )}
    </>
  );
}

function Active({ of: { active, callbackUrl, backchannelLogoutUrl } }: { of: SSO }) {
  const { t } = useTranslation('sso');
  const format = useFormat();
  const copied = (value: string) => (
    <Group gap="xs">
      <code>{value}</code>
      <Copy value={value} compact />
    </Group>
  );
  return (
    <Panel title={t('active')}>
      <Stack>
        {active ? (
          <Facts
            rows={[
              [t('issuer'), active.issuer],
              [t('clientId'), active.clientId],
              [t('domainsAllowed'), active.domains.length > 0 ? format.list(active.domains) : t('invitedOnly')],
              [t('groupsClaim'), active.groupsClaim],
              [t('defaultRole'), active.defaultRole],
              [t('changed'), format.time(active.updatedAt)],
            ]}
          />
        ) : (
          <Text size="sm">{t('noneActive')}</Text>
        )}
        <Text size="sm" fw={600}>
          {t('register')}
        </Text>
        <Facts
          rows={[
            [t('callback'), copied(callbackUrl)],
            [t('backchannel'), copied(backchannelLogoutUrl)],
          ]}
        />
      </Stack>
    </Panel>
  );
}

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);

/** What the form holds as the API wants it; a secret that is left empty stays as it was. */
export function draftOf(values: {
  issuer: string;
  clientId: string;
  clientSecret: string;
  scopes: string;
  groupsClaim: string;
  domains: string;
  defaultRole: string;
}): Schema['ProviderDraft'] {
  return {
    issuer: values.issuer.trim(),
    clientId: values.clientId.trim(),
    ...(values.clientSecret && { clientSecret: values.clientSecret }),
    scopes: words(values.scopes),
    groupsClaim: values.groupsClaim.trim() || 'groups',
    domains: words(values.domains.toLowerCase()),
    ...(values.defaultRole.trim() && { defaultRole: values.defaultRole.trim() }),
  };
}

function Draft({ of: { value, etag } }: { of: Versioned<SSO> }) {
  const { t } = useTranslation('sso');
  const tenant = useTenant();
  const can = useCan();
  const queries = useQueryClient();
  const from = value.draft ?? value.active;
  const initial = {
    issuer: from?.issuer ?? '',
    clientId: from?.clientId ?? '',
    clientSecret: '',
    scopes: (from?.scopes ?? ['openid', 'email', 'profile']).join(' '),
    groupsClaim: from?.groupsClaim ?? 'groups',
    domains: (from?.domains ?? []).join(' '),
    defaultRole: from?.defaultRole ?? '',
  };
  const [values, setValues] = useState(initial);
  const field = (name: keyof typeof initial) => ({
    value: values[name],
    onChange: (event: ChangeEvent<HTMLInputElement>) => setValues({ ...values, [name]: event.currentTarget.value }),
  });
  const dirty = JSON.stringify(values) !== JSON.stringify(initial);
  const save = useMutation({
    mutationFn: () =>
      call(
        api.PUT('/api/v1/tenants/{tenant}/sso', {
          params: { path: { tenant: tenant.slug }, header: { 'If-Match': etag } },
          body: draftOf(values),
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['sso', tenant.slug] }),
  });
  const readOnly = !can('sso.manage');
  return (
    <Panel title={t('draft')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
        autoComplete="off"
      >
        <Stack>
          <Text size="sm" c="dimmed">
            {t('draftText')}
          </Text>
          <TextInput
            type="url"
            label={t('issuer')}
            description={t('issuerHint')}
            placeholder="https://login.example.com"
            required
            disabled={readOnly}
            {...field('issuer')}
          />
          <TextInput label={t('clientId')} required disabled={readOnly} {...field('clientId')} />
          <TextInput
            type="password"
            label={t('clientSecret')}
            description={from ? t('secretKept') : t('secretHint')}
            autoComplete="new-password"
            disabled={readOnly}
            {...field('clientSecret')}
          />
          <TextInput
            label={t('domainsAllowed')}
            description={t('domainsHint')}
            disabled={readOnly}
            {...field('domains')}
          />
          <TextInput label={t('scopes')} disabled={readOnly} {...field('scopes')} />
          <TextInput
            label={t('groupsClaim')}
            description={t('groupsHint')}
            disabled={readOnly}
            {...field('groupsClaim')}
          />
          <RoleSelect
            label={t('defaultRole')}
            description={t('defaultRoleHint')}
            disabled={readOnly}
            value={values.defaultRole}
            onChange={(defaultRole) => setValues({ ...values, defaultRole })}
          />
          <ErrorNote error={save.error} />
          {!readOnly && (
            <Group>
              <Button type="submit" loading={save.isPending} disabled={!dirty}>
                {t('saveDraft')}
              </Button>
            </Group>
          )}
        </Stack>
      </form>
    </Panel>
  );
}

function Test({ of: { value, etag } }: { of: Versioned<SSO> }) {
  const { t } = useTranslation('sso');
  const tenant = useTenant();
  const can = useCan();
  const format = useFormat();
  const queries = useQueryClient();
  const path = { tenant: tenant.slug };
  // When the last test ended, as it stood before the one that is under way.
  const [before, setBefore] = useState<{ at: string | undefined }>();
  const test = useQuery({
    queryKey: ['sso', tenant.slug, 'test'],
    queryFn: ({ signal }) => call(api.GET('/api/v1/tenants/{tenant}/sso/test', { params: { path }, signal })),
    // While somebody signs in at the provider in another tab.
    refetchInterval: (query) => (before && query.state.data?.at === before.at ? 2000 : false),
  });
  const waiting = before !== undefined && test.data?.at === before.at;
  const start = useMutation({
    mutationFn: () => call(api.POST('/api/v1/tenants/{tenant}/sso/test', { params: { path } })),
    onSuccess: ({ url }) => {
      setBefore({ at: test.data?.at });
      window.open(url, '_blank', 'noopener');
    },
  });
  const activate = useMutation({
    mutationFn: () =>
      call(api.POST('/api/v1/tenants/{tenant}/sso/activate', { params: { path, header: { 'If-Match': etag } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['sso', tenant.slug] }),
  });
  const result = test.data;
  if (!value.draft) return null;
  const passed = result?.state === 'passed' && !waiting;
  return (
    <Panel title={t('test.title')}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t('test.text')}
        </Text>
        <ErrorNote error={test.error} />
        {waiting && (
          <Group gap="xs" role="status">
            <Loader size="xs" aria-hidden />
            <Text size="sm">{t('test.waiting')}</Text>
          </Group>
        )}
        {result && result.state !== 'none' && !waiting && (
          <>
            <Group gap="xs" role="status">
              <Status of={result.state} />
              {result.at && (
                <Text size="sm" c="dimmed">
                  {format.time(result.at)}
                </Text>
              )}
            </Group>
            <Facts
              rows={[
                [t('test.email'), result.email],
                [t('test.groups'), result.groups && format.list(result.groups)],
                [
                  t('test.roles'),
                  result.roles && (result.roles.length > 0 ? format.list(result.roles) : t('test.noRoles')),
                ],
              ]}
            />
            {result.problems.length > 0 && (
              <Alert color="red" title={t('test.problems')}>
                <ul>
                  {result.problems.map((problem) => (
                    <li key={problem}>{problem}</li>
                  ))}
                </ul>
              </Alert>
            )}
          </>
        )}
        <ErrorNote error={start.error ?? activate.error} />
        {can('sso.manage') && (
          <Group>
            <Button variant={passed ? 'default' : 'filled'} onClick={() => start.mutate()} loading={start.isPending}>
              {t('test.start')}
            </Button>
            <Button
              variant={passed ? 'filled' : 'default'}
              disabled={!passed}
              onClick={() => activate.mutate()}
              loading={activate.isPending}
            >
              {t('test.activate')}
            </Button>
            {!passed && <Badge color="gray">{t('test.first')}</Badge>}
          </Group>
        )}
      </Stack>
    </Panel>
  );
}
