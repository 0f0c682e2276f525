import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, type Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { DataTable } from '@/shared/ui/data-table';
import { ErrorNote } from '@/shared/ui/empty-state';
import { Panel } from '@/shared/ui/page-header';
import { RevealSecret } from '@/shared/ui/reveal-secret';
import { Status } from '@/shared/ui/status';

/** Tokens with which the tenant's directory keeps people and groups here (SCIM 2.0). */
export function Directory() {
  const { t } = useTranslation('sso');
  const tenant = useTenant();
  const can = useCan();
  const format = useFormat();
  const queries = useQueryClient();
  const path = { tenant: tenant.slug };
  const key = ['sso', tenant.slug, 'scim-tokens'];
  const pages = usePages<Schema['ScimToken']>(key, (after, signal) =>
    call(api.GET('/api/v1/tenants/{tenant}/scim-tokens', { params: { path, query: { after } }, signal })),
  );
  const once = useRef(onceKey());
  const [name, setName] = useState('');
  const [issued, setIssued] = useState<Schema['IssuedScimToken']>();
  const create = useMutation({
    gcTime: 0,
    mutationFn: () =>
      call(
        api.POST('/api/v1/tenants/{tenant}/scim-tokens', {
          params: { path, header: { 'Idempotency-Key': once.current } },
          body: { name: name.trim(), expiresAt: new Date(Date.now() + 365 * 86_400_000).toISOString() },
        }),
      ),
    onSuccess: setIssued,
  });
  const revoke = useMutation({
    mutationFn: (token: string) =>
      call(api.DELETE('/api/v1/tenants/{tenant}/scim-tokens/{token}', { params: { path: { ...path, token } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <Panel title={t('scim.title')}>
      <Text size="sm" c="dimmed" mb="sm">
        {t('scim.text')}
      </Text>
      <DataTable
        label={t('scim.title')}
        columns={[
          { id: 'name', header: t('scim.name'), cell: (s) => s.name },
          { id: 'status', header: t('scim.status'), cell: (s) => <Status of={s.status} /> },
          { id: 'expires', header: t('scim.expires'), cell: (s) => format.date(s.expiresAt), below: 'sm' },
          {
            id: 'used',
            header: t('scim.used'),
            cell: (s) => (s.lastUsedAt ? format.ago(s.lastUsedAt) : t('scim.never')),
          },
          {
            id: 'revoke',
            header: '',
            end: true,
            cell: (s) =>
              can('sso.manage') &&
              s.status === 'active' && (
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => revoke.mutate(s.id)}
                  aria-label={t('scim.revokeNamed', { name: s.name })}
                >
                  {t('scim.revoke')}
                </Button>
              ),
          },
        ]}
        pages={pages}
        rowId={(s) => s.id}
        empty={
          <Text size="sm" c="dimmed" mb="sm">
            {t('scim.none')}
          </Text>
        }
      />
      <ErrorNote error={revoke.error} />
      {can('sso.manage') && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <Stack gap="xs">
            <Group align="flex-end">
              <TextInput
                label={t('scim.name')}
                placeholder="Entra ID"
                required
                maxLength={200}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <Button type="submit" variant="default" loading={create.isPending}>
                {t('scim.create')}
              </Button>
            </Group>
            <ErrorNote error={create.error} />
          </Stack>
        </form>
      )}
      {issued && (
        <RevealSecret
          title={t('scim.reveal', { name: issued.token.name })}
          warning={t('scim.warning')}
          tabs={[
            { name: t('scim.token'), text: issued.secret, field: true },
            { name: t('scim.url'), text: issued.baseUrl, field: true },
          ]}
          onDone={() => {
            setIssued(undefined);
            create.reset();
            once.current = onceKey();
            setName('');
            void queries.invalidateQueries({ queryKey: key });
          }}
        />
      )}
    </Panel>
  );
}
