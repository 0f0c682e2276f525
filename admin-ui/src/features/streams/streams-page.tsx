import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { GuardedButton } from '@/shared/ui/can';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { NeverState } from '@/shared/ui/empty-state';
import { later } from '@/shared/ui/later';
import { PageHeader } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import { fetchStreams, type Stream, streamsKey, useStreamChanges } from './queries';

const CreateStream = later(() => import('./create-stream').then((m) => m.CreateStream));
const IssuedStream = later(() => import('./issued-stream').then((m) => m.IssuedStream));
const StreamDrawer = later(() => import('./stream-drawer').then((m) => m.StreamDrawer));

/** Where the audit log is sent to, and how far it has come. */
export function StreamsPage({
  stream,
  onStream,
}: {
  stream: string | undefined;
  onStream: (id: string | undefined) => void;
}) {
  const { t } = useTranslation('streams');
  const tenant = useTenant();
  const format = useFormat();
  const { refetch } = useStreamChanges(tenant.slug);
  const pages = usePages<Stream>([...streamsKey(tenant.slug), 'list'], fetchStreams(tenant.slug), {
    refetchInterval: 15_000,
  });
  const [creating, setCreating] = useState(false);
  const [issued, setIssued] = useState<Schema['IssuedStream']>();
  const columns: Column<Stream>[] = [
    { id: 'name', header: t('name'), cell: (row) => row.name },
    { id: 'kind', header: t('kind'), cell: (row) => t(`kinds.${row.kind}`), below: 'md' },
    { id: 'url', header: t('url'), cell: (row) => <code>{row.url}</code>, below: 'sm' },
    { id: 'status', header: t('status'), cell: (row) => <Status of={row.status} /> },
    { id: 'behind', header: t('behind'), end: true, cell: (row) => format.number(row.behind) },
    {
      id: 'last',
      header: t('last'),
      cell: ({ lastDeliveredAt }) =>
        lastDeliveredAt ? <time dateTime={lastDeliveredAt}>{format.time(lastDeliveredAt)}</time> : t('never'),
      below: 'sm',
    },
  ];
  const onIssued = (next: Schema['IssuedStream']) => {
    setCreating(false);
    // A syslog stream has no secret: there is nothing to show.
    if (next.secret) setIssued(next);
    else void refetch();
  };
  const open = pages.rows.find((row) => row.id === stream);
  return (
    <>
      <PageHeader title={t('title')} text={t('text')}>
        <GuardedButton needs="audit.export" onClick={() => setCreating(true)}>
          {t('create.open')}
        </GuardedButton>
      </PageHeader>
      <DataTable
        label={t('title')}
        columns={columns}
        pages={pages}
        rowId={(row) => row.id}
        onOpen={(row) => onStream(row.id)}
        empty={<NeverState title={t('none')} text={t('noneText')} />}
      />
      {creating && <CreateStream onClose={() => setCreating(false)} onIssued={onIssued} />}
      {open && <StreamDrawer of={open} onClose={() => onStream(undefined)} onIssued={onIssued} />}
      {issued && (
        <IssuedStream
          issued={issued}
          onDone={() => {
            setIssued(undefined);
            void refetch();
          }}
        />
      )}
    </>
  );
}
