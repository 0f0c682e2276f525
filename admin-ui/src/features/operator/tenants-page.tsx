import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { usePages } from '@/api/pages';
import { asApiError } from '@/api/problem';
import { useCan, useFormat } from '@/shared/lib/tenant';
import { GuardedButton } from '@/shared/ui/can';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote, NeverState } from '@/shared/ui/empty-state';
import { later } from '@/shared/ui/later';
import { PageHeader } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import { type TenantRow, useTenantChanges } from './queries';

const Enter = later(() => import('./enter').then((m) => m.Enter));

export function TenantsPage() {
  const { t } = useTranslation('operator');
  const can = useCan();
  const format = useFormat();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const [entering, setEntering] = useState<TenantRow>();
  const pages = usePages<TenantRow>(['tenants', 'list'], (after, signal) =>
    call(api.GET('/api/v1/tenants', { params: { query: { after } }, signal })),
  );
  const limit = (n: number) => (n === 0 ? t('default') : format.number(n));
  const columns: Column<TenantRow>[] = [
    { id: 'name', header: t('name'), cell: (row) => row.name },
    { id: 'slug', header: t('slug'), cell: (row) => <code>{row.slug}</code>, below: 'sm' },
    { id: 'status', header: t('status'), cell: (row) => <Status of={row.status} /> },
    {
      id: 'requests',
      header: t('requests'),
      end: true,
      cell: (row) => limit(row.limits.requestsPerMinute),
      below: 'md',
    },
    {
      id: 'statements',
      header: t('statements'),
      end: true,
      cell: (row) => limit(row.limits.statementsPerMinute),
      below: 'md',
    },
    {
      id: 'created',
      header: t('created'),
      cell: (row) => <time dateTime={row.createdAt}>{format.date(row.createdAt)}</time>,
      below: 'sm',
    },
    {
      id: 'enter',
      header: '',
      end: true,
      cell: (row) =>
        can('tenants.enter') && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => setEntering(row)}
            aria-label={t('enter.named', { name: row.name })}
          >
            {t('enter.open')}
          </Button>
        ),
    },
  ];
  return (
    <>
      <PageHeader title={t('tenants')} text={t('tenantsText')}>
        <GuardedButton needs="tenants.manage" onClick={() => setCreating(true)}>
          {t('create.open')}
        </GuardedButton>
      </PageHeader>
      <DataTable
        label={t('tenants')}
        columns={columns}
        pages={pages}
        rowId={(row) => row.slug}
        onOpen={(row) => void navigate({ to: '/operator/tenants/$id', params: { id: row.slug } })}
        empty={<NeverState title={t('none')} text={t('noneText')} />}
      />
      {creating && <Create onClose={() => setCreating(false)} />}
      {entering && <Enter tenant={entering} onClose={() => setEntering(undefined)} />}
    </>
  );
}

function Create({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('operator');
  const { create } = useTenantChanges();
  const [name, setName] = useState('');
  const [slug, setSlug] = useState('');
  const [admin, setAdmin] = useState('');
  const refused = create.error ? asApiError(create.error) : undefined;
  return (
    <Dialog opened onClose={onClose} title={t('create.open')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(
            { name: name.trim(), slug: slug.trim(), ...(admin.trim() && { admin: admin.trim() }) },
            { onSuccess: onClose },
          );
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
          <TextInput
            label={t('slug')}
            description={t('create.slugHint')}
            required
            maxLength={63}
            pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
            value={slug}
            onChange={(event) => setSlug(event.currentTarget.value)}
            error={refused?.violation('/slug')}
          />
          <TextInput
            type="email"
            label={t('create.admin')}
            description={t('create.adminHint')}
            value={admin}
            onChange={(event) => setAdmin(event.currentTarget.value)}
            error={refused?.violation('/admin')}
          />
          <ErrorNote error={create.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {t('create.open')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
