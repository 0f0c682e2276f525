import { Group, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { useFormat } from '@/shared/lib/tenant';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { FilteredState, NeverState } from '@/shared/ui/empty-state';
import page from '@/shared/ui/page.module.css';
import { PageHeader } from '@/shared/ui/page-header';
import { ChooseDays, type Days, DownloadCsv, day, noon, useUsageColumns } from '@/shared/ui/usage-days';
import { Submitted } from './submitted';

type Row = Schema['TenantUsage'];

export interface PlatformUsageSearch extends Days {
  tenant?: string;
}

/** What every tenant used, day by day. */
export function PlatformUsagePage({
  search,
  onSearch,
}: {
  search: PlatformUsageSearch;
  onSearch: (search: PlatformUsageSearch) => void;
}) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const asked = { from: day(search.from), to: day(search.to), tenant: search.tenant };
  const pages = usePages<Row>(['platform-usage', asked], (after, signal) =>
    call(api.GET('/api/v1/platform/usage', { params: { query: { ...asked, after } }, signal })),
  );
  const named = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const date = (of: string) => <time dateTime={of}>{format.date(noon(of))}</time>;
  const columns: Column<Row>[] = [
    {
      id: 'tenant',
      header: t('tenant'),
      cell: (d) => (
        <>
          {d.tenantName}
          <span className={page.phone}>{date(d.day)}</span>
        </>
      ),
    },
    { id: 'day', header: t('usage.day'), cell: (d) => date(d.day), below: 'sm' },
    ...useUsageColumns<Row>(),
  ];
  return (
    <>
      <PageHeader title={t('usage.title')} text={t('usage.text')}>
        <DownloadCsv href={`/api/v1/platform/usage/export?${new URLSearchParams(named)}`} />
      </PageHeader>
      <Group align="flex-end" mb="md">
        <ChooseDays from={search.from} to={search.to} onChange={(days) => onSearch({ ...search, ...days })} />
        <Submitted label={t('slug')} of={search.tenant} onChange={(tenant) => onSearch({ ...search, tenant })}>
          {(field) => <TextInput label={t('tenantSlug')} maxLength={63} spellCheck={false} {...field} />}
        </Submitted>
      </Group>
      <DataTable
        label={t('usage.title')}
        columns={columns}
        pages={pages}
        rowId={(d) => `${d.tenant} ${d.day}`}
        empty={
          named.length > 0 ? (
            <FilteredState clear={() => onSearch({})} />
          ) : (
            <NeverState title={t('usage.none')} text={t('usage.noneText')} />
          )
        }
      />
    </>
  );
}
