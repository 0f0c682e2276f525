import { ActionIcon, Badge, Button, Group, Menu, Select, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { storesQuery } from '@/api/stores';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { useNow } from '@/shared/lib/use-now';
import { GuardedButton } from '@/shared/ui/can';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { ErrorNote, FilteredState, NeverState } from '@/shared/ui/empty-state';
import { later } from '@/shared/ui/later';
import { PageHeader } from '@/shared/ui/page-header';
import { KeyStatus } from './key-status';
import { fetchKeys, type Key, keyQuery, keysKey, useKeyChanges } from './queries';

const CreateKey = later(() => import('./create-key').then((m) => m.CreateKey));
const IssuedKey = later(() => import('./issued-key').then((m) => m.IssuedKey));
const KeyDrawer = later(() => import('./key-drawer').then((m) => m.KeyDrawer));
const RevokeKey = later(() => import('./revoke-key').then((m) => m.RevokeKey));
const RotateKey = later(() => import('./rotate-key').then((m) => m.RotateKey));

export interface KeysSearch {
  store?: string;
  key?: string;
  create?: boolean;
}

export function KeysPage({ search, onSearch }: { search: KeysSearch; onSearch: (search: KeysSearch) => void }) {
  const { t } = useTranslation('keys');
  const tenant = useTenant();
  const can = useCan();
  const format = useFormat();
  const navigate = useNavigate();
  const now = useNow(15_000);
  const { refetch } = useKeyChanges(tenant.slug);
  const stores = useQuery(storesQuery(tenant.slug));
  // Who is granted single stores has to name one.
  const store =
    search.store ?? (can('keys.view') ? undefined : stores.data?.find((s) => can('keys.view', s.slug))?.slug);
  const pages = usePages([...keysKey(tenant.slug), store ?? ''], fetchKeys(tenant.slug, store), {
    enabled: can('keys.view') || store !== undefined,
    refetchInterval: 10_000, // when a secret was last used is written every few seconds
  });
  const [issued, setIssued] = useState<Schema['IssuedKey']>();
  const [rotating, setRotating] = useState<Key>();
  const [revoking, setRevoking] = useState<Key>();

  const columns: Column<Key>[] = [
    { id: 'name', header: t('name'), cell: (key) => key.name, width: '22%' },
    { id: 'user', header: t('user'), cell: (key) => <code>{key.user}</code>, below: 'sm' },
    {
      id: 'scopes',
      header: t('scopes'),
      below: 'md',
      cell: (key) => (
        <Group gap={4}>
          {key.scopes.map((scope) => (
            <Badge key={scope} variant="default">
              {scope}
            </Badge>
          ))}
        </Group>
      ),
    },
    { id: 'store', header: t('store'), cell: (key) => key.store, below: 'md' },
    { id: 'status', header: t('status'), cell: (key) => <KeyStatus of={key} now={now} /> },
    {
      id: 'used',
      header: t('lastUsed'),
      cell: (key) =>
        key.lastUsedAt ? (
          <Tooltip label={format.exact(key.lastUsedAt)}>
            <span>{format.ago(key.lastUsedAt, now)}</span>
          </Tooltip>
        ) : (
          t('never')
        ),
    },
    {
      id: 'menu',
      header: '',
      width: 46,
      end: true,
      cell: (key) =>
        can('keys.manage', key.store) &&
        key.status !== 'revoked' && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t('actionsOf', { name: key.name })}>
                <Ellipsis size={17} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setRotating(key)}>{t('rotate.open')}</Menu.Item>
              <Menu.Item color="red" onClick={() => setRevoking(key)}>
                {t('revoke.open')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        ),
    },
  ];

  const listed = search.key === undefined ? undefined : pages.rows.find((k) => k.user === search.key);
  const one = useQuery({
    ...keyQuery(tenant.slug, search.key ?? ''),
    enabled: search.key !== undefined && !listed && !pages.isPending,
  });
  const open = listed ?? (search.key === one.data?.user ? one.data : undefined);
  const creatable = (stores.data ?? []).filter((s) => can('keys.manage', s.slug));
  const create = () => onSearch({ ...search, create: true });
  return (
    <>
      <PageHeader title={t('title')} text={t('text')}>
        {(stores.data?.length ?? 0) > 1 && (
          <Select
            aria-label={t('store')}
            placeholder={t('allStores')}
            clearable={can('keys.view')}
            clearButtonProps={{ 'aria-label': t('allStores') }}
            data={stores.data?.map((s) => ({ value: s.slug, label: s.name }))}
            value={store ?? null}
            onChange={(value) => onSearch({ ...search, store: value ?? undefined })}
            w={200}
          />
        )}
        {creatable.length > 0 ? (
          <Button onClick={create}>{t('create.open')}</Button>
        ) : (
          <GuardedButton needs="keys.manage" onClick={create}>
            {t('create.open')}
          </GuardedButton>
        )}
      </PageHeader>
      <ErrorNote error={search.key !== undefined && !open && one.error} />
      <DataTable
        label={t('title')}
        columns={columns}
        pages={pages}
        rowId={(key) => key.user}
        onOpen={(key) => onSearch({ ...search, key: key.user })}
        empty={
          search.store ? (
            <FilteredState clear={() => onSearch({})} />
          ) : (
            <NeverState title={t('none')} text={t('noneText')}>
              {creatable.length > 0 && <Button onClick={create}>{t('create.open')}</Button>}
            </NeverState>
          )
        }
      />
      {open && (
        <KeyDrawer
          of={open}
          now={now}
          onClose={() => onSearch({ ...search, key: undefined })}
          rotate={setRotating}
          revoke={setRevoking}
        />
      )}
      {search.create && !issued && creatable.length > 0 && (
        <CreateKey
          stores={creatable}
          store={store}
          onClose={() => onSearch({ ...search, create: undefined })}
          onIssued={setIssued}
        />
      )}
      {rotating && (
        <RotateKey
          of={rotating}
          onClose={() => setRotating(undefined)}
          onIssued={(answer) => {
            setRotating(undefined);
            setIssued(answer);
          }}
        />
      )}
      {revoking && <RevokeKey of={revoking} onClose={() => setRevoking(undefined)} />}
      {issued && (
        <IssuedKey
          issued={issued}
          onDone={() => {
            setIssued(undefined);
            onSearch({ ...search, create: undefined });
            void refetch();
          }}
          onWatch={
            can('statements.view', issued.key.store)
              ? () => {
                  const search = { store: issued.key.store, live: true };
                  void navigate({ to: '/t/$tenant/statements', params: { tenant: tenant.slug }, search });
                  void refetch();
                }
              : undefined
          }
        />
      )}
    </>
  );
}
