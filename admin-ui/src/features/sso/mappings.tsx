import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, type Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { storesQuery } from '@/api/stores';
import { useCan, useTenant } from '@/shared/lib/tenant';
import { DataTable } from '@/shared/ui/data-table';
import { ErrorNote } from '@/shared/ui/empty-state';
import page from '@/shared/ui/page.module.css';
import { Panel } from '@/shared/ui/page-header';
import { RoleSelect } from './role-select';

/** Which group of the provider gives which role. */
export function Mappings() {
  const { t } = useTranslation('sso');
  const tenant = useTenant();
  const can = useCan();
  const queries = useQueryClient();
  const path = { tenant: tenant.slug };
  const key = ['sso', tenant.slug, 'mappings'];
  const pages = usePages<Schema['Mapping']>(key, (after, signal) =>
    call(api.GET('/api/v1/tenants/{tenant}/sso/mappings', { params: { path, query: { after } }, signal })),
  );
  const stores = useQuery({ ...storesQuery(tenant.slug), enabled: can('stores.view') });
  const once = useRef(onceKey());
  const [claim, setClaim] = useState('');
  const [role, setRole] = useState('');
  const [store, setStore] = useState('');
  const onSuccess = () => queries.invalidateQueries({ queryKey: key });
  const add = useMutation({
    mutationFn: () =>
      call(
        api.POST('/api/v1/tenants/{tenant}/sso/mappings', {
          params: { path, header: { 'Idempotency-Key': once.current } },
          body: { claim: claim.trim(), role, ...(store && { store }) },
        }),
      ),
    onSuccess: () => {
      once.current = onceKey();
      setClaim('');
      setRole('');
      setStore('');
      return onSuccess();
    },
  });
  const remove = useMutation({
    mutationFn: (mapping: string) =>
      call(api.DELETE('/api/v1/tenants/{tenant}/sso/mappings/{mapping}', { params: { path: { ...path, mapping } } })),
    onSuccess,
  });
  return (
    <Panel title={t('mappings.title')}>
      <DataTable
        label={t('mappings.title')}
        columns={[
          { id: 'claim', header: t('mappings.group'), cell: (m) => m.claim },
          {
            id: 'role',
            header: t('mappings.role'),
            cell: (m) => (
              <>
                {m.role}
                {m.store && <span className={page.phone}>{m.store}</span>}
              </>
            ),
          },
          { id: 'store', header: t('mappings.store'), cell: (m) => m.store ?? t('wholeTenant'), below: 'sm' },
          {
            id: 'remove',
            header: '',
            end: true,
            cell: (m) =>
              can('sso.manage') && (
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => remove.mutate(m.id)}
                  aria-label={t('mappings.removeNamed', { group: m.claim })}
                >
                  {t('remove')}
                </Button>
              ),
          },
        ]}
        pages={pages}
        rowId={(m) => m.id}
        empty={
          <Text size="sm" c="dimmed" mb="sm">
            {t('mappings.none')}
          </Text>
        }
      />
      <ErrorNote error={remove.error} />
      {can('sso.manage') && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <Stack gap="xs">
            <Group align="flex-end">
              <TextInput
                label={t('mappings.group')}
                required
                maxLength={500}
                value={claim}
                onChange={(event) => setClaim(event.currentTarget.value)}
              />
              <RoleSelect label={t('mappings.role')} required value={role} onChange={setRole} />
              <Select
                label={t('mappings.store')}
                data={[
                  { value: '', label: t('wholeTenant') },
                  ...(stores.data ?? []).map(({ slug, name }) => ({ value: slug, label: name })),
                ]}
                value={store}
                onChange={(value) => setStore(value ?? '')}
                allowDeselect={false}
              />
              <Button type="submit" variant="default" loading={add.isPending} disabled={!role}>
                {t('mappings.add')}
              </Button>
            </Group>
            <ErrorNote error={add.error} />
          </Stack>
        </form>
      )}
    </Panel>
  );
}
