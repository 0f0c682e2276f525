import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '@/api/client';
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
import { useTenantChanges } from './queries';

type Row = Schema['TenantFigures'];

const Enter = later(() => import('./enter').then((m) => m.Enter));

export function TenantsPage() {
  const { t } = useTranslation('operator');
  const can = useCan();
  const format = useFormat();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const [entering, setEntering] = useState<Row>();
  const pages = usePages<Row>(['tenants', 'figures'], (after, signal) =>
    call(api.GET('/api/v1/platform/tenants', { params: { query: { after } }, signal })),
  );
  const columns: Column<Row>[] = [
    { id: 'name', header: t('name'), cell: (row) => row.name },
    { id: 'slug', header: t('slug'), cell: (row) => <code>{row.slug}</code>, below: 'sm' },
    { id: 'status', header: t('status'), cell: (row) => <Status of={row.status} /> },
    {
      id: 'perDay',
      header: t('figures.perDay'),
      end: true,
      cell: (row) => <span title={t('figures.perDayHint')}>{format.number(Math.round(row.statementsPerDay))}</span>,
      below: 'sm',
    },
    {
      id: 'storage',
      header: t('figures.storage'),
      end: true,
      cell: (row) => format.bytes(row.storageBytes),
      below: 'md',
    },
    {
      id: 'errors',
      header: t('figures.errors'),
      end: true,
      cell: ({ lastHour }) => (lastHour.requests > 0 ? format.percent(lastHour.errorRate) : '—'),
      below: 'md',
    },
    {
      id: 'ingest',
      header: t('figures.lastIngest'),
      cell: ({ lastIngestAt }) =>
        lastIngestAt ? (
          <time dateTime={lastIngestAt} title={format.exact(lastIngestAt)}>
            {format.ago(lastIngestAt)}
          </time>
        ) : (
          t('figures.never')
        ),
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
