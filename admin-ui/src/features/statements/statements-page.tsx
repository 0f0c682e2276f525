import { Alert, Badge, Button, Select, Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { EyeOff, Radio } from 'lucide-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { usePages } from '@/api/pages';
import { fetchStatements, type Row, type StatementPage } from '@/api/statements';
import { storesQuery } from '@/api/stores';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { objectOf, outcome } from '@/shared/lib/xapi';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { ErrorState, FilteredState, ForbiddenState, NeverState } from '@/shared/ui/empty-state';
import { later } from '@/shared/ui/later';
import { ButtonLink } from '@/shared/ui/links';
import page from '@/shared/ui/page.module.css';
import { PageHeader } from '@/shared/ui/page-header';
import { formatChips, parseChips, QueryBar } from '@/shared/ui/query-bar';
import { TimeRange } from '@/shared/ui/time-range';
import { merge, statementsKey, useLiveTail } from './queries';
import { fields, filters, guess, valid } from './query';
import type { StatementTab } from './statement-drawer';
import classes from './statements.module.css';
import { useVocabulary } from './vocabulary';

const StatementDrawer = later(() => import('./statement-drawer').then((m) => m.StatementDrawer));

export interface StatementsSearch {
  store?: string;
  q?: string;
  since?: string;
  until?: string;
  id?: string;
  /** Of the drawer. */
  tab?: StatementTab;
  live?: boolean;
}

export function StatementsPage({
  search,
  onSearch,
}: {
  search: StatementsSearch;
  onSearch: (search: StatementsSearch) => void;
}) {
  const { t } = useTranslation('statements');
  const tenant = useTenant();
  const can = useCan();
  const stores = useQuery(storesQuery(tenant.slug));
  const seen = stores.data?.filter((s) => can('statements.view', s.slug)) ?? [];
  const store = search.store ?? (seen.find((s) => s.kind === 'production') ?? seen[0])?.slug;
  if (stores.error) return <ErrorState page error={stores.error} retry={() => void stores.refetch()} />;
  return (
    <>
      <PageHeader title={t('title')}>
        {seen.length > 0 && (
          <Select
            aria-label={t('store')}
            data={seen.map((s) => ({
              value: s.slug,
              label: s.kind === 'sandbox' ? t('sandbox', { name: s.name }) : s.name,
            }))}
            value={store ?? null}
            allowDeselect={false}
            onChange={(value) => onSearch({ ...search, store: value ?? undefined, id: undefined, tab: undefined })}
            w={220}
          />
        )}
        {store && (
          <Switch
            label={t('live')}
            checked={search.live ?? false}
            onChange={(event) => onSearch({ ...search, live: event.currentTarget.checked || undefined })}
            thumbIcon={search.live ? <Radio size={10} color="var(--mantine-color-stoa-7)" aria-hidden /> : undefined}
          />
        )}
      </PageHeader>
      {stores.data?.length === 0 && (
        <NeverState title={t('noStore')} text={t('noStoreText')}>
          <ButtonLink variant="default" to="/t/$tenant/stores" params={{ tenant: tenant.slug }}>
            {t('noStoreGo')}
          </ButtonLink>
        </NeverState>
      )}
      {stores.data && stores.data.length > 0 && seen.length === 0 && <ForbiddenState needs="statements.view" />}
      {store && (
        <Browser key={store} store={store} stores={seen.map((s) => s.slug)} search={search} onSearch={onSearch} />
      )}
    </>
  );
}

interface BrowserProps {
  store: string;
  stores: string[];
  search: StatementsSearch;
  onSearch: (search: StatementsSearch) => void;
}

function Browser({ store, stores, search, onSearch }: BrowserProps) {
  const { t, i18n } = useTranslation('statements');
  const shared = useTranslation('shared').t;
  const tenant = useTenant();
  const format = useFormat();
  const { q = '', since, until } = search;
  // Relative times are fixed when the query changes, not at each drawing: they are part of the cache's key.
  const zone = format.timeZone;
  const wanted = useMemo(() => filters(q, { since, until }, zone), [q, since, until, zone]);
  const pages = usePages<Row, StatementPage>(
    [...statementsKey(tenant.slug, store), 'list', wanted],
    fetchStatements(tenant.slug, store, wanted),
  );
  const live = useLiveTail(
    tenant.slug,
    store,
    wanted,
    pages.first?.items[0]?.stored,
    search.live === true && pages.isSuccess,
  );
  const rows = useMemo(() => merge(live.fresh, pages.rows), [live.fresh, pages.rows]);

  const vocabulary = useVocabulary(store, rows, pages.first?.identities ?? false);

  const words = { language: i18n.language, percent: format.percent, t: shared };
  const columns: Column<Row>[] = [
    {
      id: 'stored',
      header: t('stored'),
      width: 184,
      cell: (row) => <time dateTime={row.stored}>{format.time(row.stored)}</time>,
    },
    { id: 'actor', header: t('learner'), width: '19%', cell: (row) => row.actor.name },
    {
      id: 'verb',
      header: t('verb'),
      width: 190,
      cell: (row) => (
        <>
          <Badge px={{ base: 6, sm: 10 }}>{row.verb.display}</Badge>
          {row.voided && (
            <Badge color="red" ml={4}>
              {shared('status.voided')}
            </Badge>
          )}
          <span className={page.phone}>{objectOf(row, words.t)}</span>
        </>
      ),
    },
    { id: 'object', header: t('activity'), below: 'sm', cell: (row) => objectOf(row, words.t) },
    {
      id: 'result',
      header: t('result'),
      width: '19%',
      below: 'md',
      cell: (row) => outcome(row, words).join(' · ') || '—',
    },
  ];

  const filtered = Object.values(wanted).some((value) => value !== undefined);
  const change = (next: Partial<StatementsSearch>) => onSearch({ ...search, ...next });
  const clear = () => change({ q: undefined, since: undefined, until: undefined });
  const chips = parseChips(q, [...fields]);
  /** A time is said in one place: as a chip, or else by the button, which shows either. */
  const times = ['since', 'until'] as const;
  const said = (name: (typeof times)[number]) => chips.find((c) => c.field === name)?.value;
  return (
    <>
      <div className={classes.bar}>
        <QueryBar
          label={t('query')}
          placeholder={t('placeholder')}
          fields={vocabulary.fields}
          note={vocabulary.note}
          onType={vocabulary.onType}
          chips={chips}
          guess={(value) => guess(value) ?? t('guess', { value })}
          check={(chip) => (valid(chip) ? undefined : t(`wrong.${chip.field}` as 'wrong.verb', { value: chip.value }))}
          onChange={(next) => {
            const fresh = times.filter((name) => next.some((c) => c.field === name));
            const range = Object.fromEntries(fresh.map((name) => [name, undefined]));
            change({ q: formatChips(next) || undefined, ...range });
          }}
        />
        <TimeRange
          since={said('since') ?? since}
          until={said('until') ?? until}
          onChange={(range) => {
            const others = chips.filter((c) => !times.some((name) => name === c.field));
            change({ q: formatChips(others) || undefined, since: range.since, until: range.until });
          }}
        />
      </div>
      {pages.first && !pages.first.identities && rows.length > 0 && (
        <Alert variant="light" color="gray" p="xs" mb="sm" icon={<EyeOff size={16} aria-hidden />}>
          {t('pseudonyms')}
        </Alert>
      )}
      {pages.first && pages.first.remaining < 1000 && (
        <Alert variant="light" color="orange" p="xs" mb="sm">
          {t('remaining', { count: pages.first.remaining, shown: format.number(pages.first.remaining) })}
        </Alert>
      )}
      {live.gap && (
        <Alert variant="light" color="orange" p="xs" mb="sm">
          {t('gap')}
        </Alert>
      )}
      {live.error && <ErrorState error={live.error} retry={() => change({ live: undefined })} />}
      <DataTable
        label={t('title')}
        columns={columns}
        pages={{ ...pages, rows }}
        rowId={(row) => row.id}
        onOpen={(row) => change({ id: row.id })}
        oneLine
        searchedTo={pages.data?.pages.at(-1)?.searchedTo}
        empty={
          filtered ? (
            <FilteredState clear={clear} />
          ) : (
            <NeverState title={t('none')} text={search.live ? t('waiting') : t('noneText')}>
              {!search.live && <Button onClick={() => change({ live: true })}>{t('watch')}</Button>}
            </NeverState>
          )
        }
      />
      {search.id && (
        <StatementDrawer
          store={store}
          stores={stores}
          id={search.id}
          tab={search.tab ?? 'summary'}
          onTab={(tab) => change({ tab: tab === 'summary' ? undefined : tab })}
          onOpen={(id, at) => onSearch({ ...search, id, tab: undefined, store: at ?? search.store })}
          onQuery={(next) => onSearch({ store: search.store, q: next })}
        />
      )}
    </>
  );
}
