import { Group, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { usePages } from '@/api/pages';
import { storesQuery } from '@/api/stores';
import { useCan, useTenant } from '@/shared/lib/tenant';
import { PageHeader } from '@/shared/ui/page-header';
import { ChooseDays, type Day, type Days, DownloadCsv, day, UsageDays } from '@/shared/ui/usage-days';

export interface UsageSearch extends Days {
  store?: string;
}

/** What a tenant used, or one store of it. */
export function UsagePage({ search, onSearch }: { search: UsageSearch; onSearch: (search: UsageSearch) => void }) {
  const { t } = useTranslation('usage');
  const tenant = useTenant();
  const can = useCan();
  const stores = useQuery({ ...storesQuery(tenant.slug), enabled: can('stores.view') });
  // Who may see one store alone has to name it.
  const granted = Object.entries(tenant.permissions.stores)
    .filter(([, actions]) => actions.includes('billing.view'))
    .map(([slug]) => slug);
  const whole = can('billing.view');
  const seen = whole
    ? (stores.data ?? []).map((s) => ({ value: s.slug, label: s.name }))
    : granted.map((slug) => ({ value: slug, label: slug }));
  const store = search.store ?? (whole ? undefined : granted[0]);
  const asked = { from: day(search.from), to: day(search.to), store };
  const path = { tenant: tenant.slug };
  const pages = usePages<Day>(['usage', tenant.slug, asked], (after, signal) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/usage', { params: { path, query: { ...asked, after, limit: 1000 } }, signal }),
    ),
  );
  const named = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return (
    <>
      <PageHeader title={t('title')} text={t('text')}>
        <DownloadCsv
          href={`/api/v1/tenants/${encodeURIComponent(tenant.slug)}/usage/export?${new URLSearchParams(named)}`}
        />
      </PageHeader>
      <Group align="flex-end" mb="md">
        <ChooseDays from={search.from} to={search.to} onChange={(days) => onSearch({ ...search, ...days })} />
        {(can('stores.view') || seen.length > 0) && (
          <Select
            label={t('store')}
            placeholder={t('allStores')}
            data={seen}
            value={store ?? null}
            clearable={whole}
            allowDeselect={whole}
            clearButtonProps={{ 'aria-label': t('allStores') }}
            onChange={(value) => onSearch({ ...search, store: value ?? undefined })}
            w={220}
          />
        )}
      </Group>
      <UsageDays pages={pages} />
    </>
  );
}
