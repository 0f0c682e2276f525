import { Group, Select, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { useFormat } from '@/shared/lib/tenant';
import { instant } from '@/shared/lib/time-range';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { FilteredState, NeverState } from '@/shared/ui/empty-state';
import page from '@/shared/ui/page.module.css';
import { PageHeader } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import { TimeRange } from '@/shared/ui/time-range';
import { Submitted } from './submitted';

type Row = Schema['AuditOutline'];
const outcomes = ['success', 'denied', 'failure'] as const;

export interface PlatformAuditSearch {
  tenant?: string;
  action?: string;
  actor?: string;
  outcome?: (typeof outcomes)[number];
  since?: string;
  until?: string;
}

/** That something was administered, in all tenants: outlines, for an operator is outside of them. */
export function PlatformAuditPage({
  search,
  onSearch,
}: {
  search: PlatformAuditSearch;
  onSearch: (search: PlatformAuditSearch) => void;
}) {
  const { t } = useTranslation('operator');
  const shared = useTranslation('shared').t;
  const format = useFormat();
  const key = JSON.stringify(search);
  const zone = format.timeZone;
  // Relative times are fixed when the filters change: they are part of the cache's key.
  const asked = useMemo(() => {
    const { since, until, ...rest } = JSON.parse(key) as PlatformAuditSearch;
    return { ...rest, since: since && instant(since, zone), until: until && instant(until, zone) };
  }, [key, zone]);
  const pages = usePages<Row>(['platform-audit', asked], (after, signal) =>
    call(api.GET('/api/v1/platform/audit', { params: { query: { ...asked, after } }, signal })),
  );
  const change = (next: Partial<PlatformAuditSearch>) => onSearch({ ...search, ...next });
  const columns: Column<Row>[] = [
    { id: 'at', header: t('audit.at'), width: 178, cell: (e) => <time dateTime={e.at}>{format.time(e.at)}</time> },
    { id: 'tenant', header: t('tenant'), width: '16%', cell: (e) => e.tenantName, below: 'sm' },
    {
      id: 'action',
      header: t('audit.action'),
      cell: (e) => (
        <>
          <code>{e.action}</code>
          <span className={page.phone}>{e.tenantName}</span>
        </>
      ),
    },
    { id: 'actor', header: t('audit.actor'), cell: (e) => e.actor.name || <code>{e.actor.id}</code>, below: 'sm' },
    { id: 'target', header: t('audit.target'), width: 100, cell: (e) => e.targetKind || '—', below: 'md' },
    { id: 'outcome', header: t('audit.outcome'), width: 90, cell: (e) => <Status of={e.outcome} /> },
    {
      id: 'request',
      header: t('audit.request'),
      cell: (e) => (e.requestId ? <code title={e.requestId}>{e.requestId}</code> : '—'),
      below: 'md',
    },
  ];
  const text = ['tenant', 'action', 'actor'] as const;
  return (
    <>
      <PageHeader title={t('audit.title')} text={t('audit.text')} />
      <Group align="flex-end" mb="md">
        {text.map((name) => (
          <Submitted
            key={name}
            label={t(`audit.by_${name}`)}
            of={search[name]}
            onChange={(value) => change({ [name]: value })}
          >
            {(field) => (
              <TextInput label={t(`audit.by_${name}`)} maxLength={200} spellCheck={false} w={190} {...field} />
            )}
          </Submitted>
        ))}
        <Select
          label={t('audit.outcome')}
          placeholder={t('audit.allOutcomes')}
          data={outcomes.map((value) => ({ value, label: shared(`status.${value}`) }))}
          value={search.outcome ?? null}
          onChange={(value) => change({ outcome: (value as PlatformAuditSearch['outcome']) ?? undefined })}
          clearable
          clearButtonProps={{ 'aria-label': t('audit.allOutcomes') }}
          w={160}
        />
        <TimeRange
          since={search.since}
          until={search.until}
          onChange={(range) => change({ since: range.since, until: range.until })}
        />
      </Group>
      <DataTable
        label={t('audit.title')}
        columns={columns}
        pages={pages}
        rowId={(e) => `${e.tenant} ${e.id}`}
        oneLine
        empty={
          Object.values(asked).some((value) => value !== undefined) ? (
            <FilteredState clear={() => onSearch({})} />
          ) : (
            <NeverState title={t('audit.none')} text={t('audit.noneText')} />
          )
        }
      />
    </>
  );
}
