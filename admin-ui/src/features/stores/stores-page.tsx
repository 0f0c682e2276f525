import { Button, Group, Radio, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, type Schema, versioned } from '@/api/client';
import { usePages } from '@/api/pages';
import { asApiError } from '@/api/problem';
import { notify } from '@/shared/lib/notify';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { GuardedButton } from '@/shared/ui/can';
import { ConfirmByName } from '@/shared/ui/confirm-by-name';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote, NeverState } from '@/shared/ui/empty-state';
import page from '@/shared/ui/page.module.css';
import { PageHeader } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import { slugOf } from './slug';

type Store = Schema['Store'];

export function StoresPage() {
  const { t } = useTranslation('stores');
  const tenant = useTenant();
  const can = useCan();
  const format = useFormat();
  const queries = useQueryClient();
  const path = { tenant: tenant.slug };
  const pages = usePages(['stores', tenant.slug, 'pages'], (after, signal) =>
    call(api.GET('/api/v1/tenants/{tenant}/stores', { params: { path, query: { after } }, signal })),
  );
  const [editing, setEditing] = useState<Store | 'new'>();
  const [emptying, setEmptying] = useState<Store>();
  const empty = useMutation({
    mutationFn: (store: Store) =>
      call(
        api.POST('/api/v1/tenants/{tenant}/stores/{store}/empty', {
          params: { path: { ...path, store: store.slug } },
          body: { confirm: store.slug },
        }),
      ),
    onSuccess: async ({ deleted }) => {
      setEmptying(undefined);
      void notify(t('emptied', { count: deleted, shown: format.number(deleted) }));
      await queries.invalidateQueries({ queryKey: ['statements', tenant.slug] });
    },
  });
  const columns: Column<Store>[] = [
    {
      id: 'name',
      header: t('name'),
      cell: (store) => (
        <>
          {store.name}
          <span className={page.phone}>
            <Status of={store.kind} />
          </span>
        </>
      ),
    },
    { id: 'slug', header: t('slug'), cell: (store) => <code>{store.slug}</code>, below: 'sm' },
    { id: 'kind', header: t('kind'), cell: (store) => <Status of={store.kind} />, below: 'sm' },
    { id: 'created', header: t('created'), cell: (store) => format.date(store.createdAt), below: 'md' },
    {
      id: 'actions',
      header: '',
      end: true,
      cell: (store) =>
        can('stores.manage', store.slug) && (
          <Group gap={6} justify="flex-end">
            {store.kind === 'sandbox' && (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => {
                  empty.reset();
                  setEmptying(store);
                }}
                aria-label={t('emptyNamed', { name: store.name })}
              >
                {t('empty')}
              </Button>
            )}
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => setEditing(store)}
              aria-label={t('renameNamed', { name: store.name })}
            >
              {t('rename')}
            </Button>
          </Group>
        ),
    },
  ];
  return (
    <>
      <PageHeader title={t('title')} text={t('text')}>
        <GuardedButton needs="stores.manage" onClick={() => setEditing('new')}>
          {t('create')}
        </GuardedButton>
      </PageHeader>
      <DataTable
        label={t('title')}
        columns={columns}
        pages={pages}
        rowId={(store) => store.slug}
        empty={<NeverState title={t('none')} text={t('noneText')} />}
      />
      {editing && <Edit of={editing === 'new' ? undefined : editing} onClose={() => setEditing(undefined)} />}
      {emptying && (
        <ConfirmByName
          opened
          onClose={() => setEmptying(undefined)}
          title={t('emptyTitle', { name: emptying.name })}
          name={emptying.slug}
          action={t('emptyGo')}
          onConfirm={() => empty.mutate(emptying)}
          pending={empty.isPending}
          error={empty.error}
        >
          {t('emptyText')}
        </ConfirmByName>
      )}
    </>
  );
}

function Edit({ of, onClose }: { of: Store | undefined; onClose: () => void }) {
  const { t } = useTranslation('stores');
  const tenant = useTenant();
  const queries = useQueryClient();
  const once = useRef(onceKey());
  const [name, setName] = useState(of?.name ?? '');
  const [slug, setSlug] = useState<string>();
  const [kind, setKind] = useState<Store['kind']>('production');
  const path = { tenant: tenant.slug };
  const chosen = slug ?? slugOf(name);
  const save = useMutation({
    mutationFn: async () => {
      if (!of) {
        return call(
          api.POST('/api/v1/tenants/{tenant}/stores', {
            params: { path, header: { 'Idempotency-Key': once.current } },
            body: { name: name.trim(), slug: chosen, kind },
          }),
        );
      }
      const store = { ...path, store: of.slug };
      const { etag } = await versioned(api.GET('/api/v1/tenants/{tenant}/stores/{store}', { params: { path: store } }));
      return call(
        api.PATCH('/api/v1/tenants/{tenant}/stores/{store}', {
          params: { path: store, header: { 'If-Match': etag } },
          body: { name: name.trim() },
        }),
      );
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['stores', tenant.slug] });
      onClose();
    },
  });
  const refused = save.error ? asApiError(save.error) : undefined;
  return (
    <Dialog opened onClose={onClose} title={of ? t('renameNamed', { name: of.name }) : t('create')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
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
            error={refused?.violation('/name')}
          />
          {!of && (
            <>
              <TextInput
                label={t('slug')}
                description={t('slugHint')}
                required
                maxLength={63}
                pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
                value={chosen}
                onChange={(event) => setSlug(event.currentTarget.value)}
                error={refused?.violation('/slug')}
              />
              <Radio.Group label={t('kind')} value={kind} onChange={(value) => setKind(value as Store['kind'])}>
                <Stack gap={8} mt="xs">
                  <Radio value="production" label={t('production')} description={t('productionHint')} />
                  <Radio value="sandbox" label={t('sandbox')} description={t('sandboxHint')} />
                </Stack>
              </Radio.Group>
            </>
          )}
          <ErrorNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={!name.trim()}>
              {of ? t('save', { ns: 'shared' }) : t('create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
