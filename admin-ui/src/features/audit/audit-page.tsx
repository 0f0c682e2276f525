import { Badge, Button, Menu, Select } from '@mantine/core';
import { Bookmark, Download, ShieldCheck } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePages } from '@/api/pages';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { GuardedButton } from '@/shared/ui/can';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { FilteredState, NeverState } from '@/shared/ui/empty-state';
import { later } from '@/shared/ui/later';
import { PageHeader } from '@/shared/ui/page-header';
import { SearchField } from '@/shared/ui/search-field';
import { Status } from '@/shared/ui/status';
import { TimeRange } from '@/shared/ui/time-range';
import { actions } from './actions';
import classes from './audit.module.css';
import { type AuditFilters, asked, type Event, exportUrl, fetchEvents } from './queries';
import { useSentence } from './use-sentence';
import { deleteView, loadViews, saveView } from './views';

const EventDrawer = later(() => import('./event-drawer').then((m) => m.EventDrawer));
const SaveView = later(() => import('./save-view').then((m) => m.SaveView));
const Verify = later(() => import('./verify').then((m) => m.Verify));

export type AuditSearch = AuditFilters & { event?: string };

/** Views that everybody has; their names are views.<name>. */
const builtIn: [string, AuditFilters][] = [
  ['exports', { action: 'audit.exported', since: '7d' }],
  ['identities', { action: 'identities.viewed', since: '7d' }],
  ['denied', { outcome: 'denied', since: '7d' }],
  ['grants', { action: 'grant.given', since: '30d' }],
  ['operators', { action: 'operator.entered' }],
];

export function AuditPage({ search, onSearch }: { search: AuditSearch; onSearch: (search: AuditSearch) => void }) {
  const { t } = useTranslation('audit');
  const shared = useTranslation('shared').t;
  const tenant = useTenant();
  const can = useCan();
  const format = useFormat();
  const { event, ...filters } = search;
  const key = JSON.stringify(filters);
  // As in the statements: relative times are fixed when the filters change.
  const zone = format.timeZone;
  const wanted = useMemo(() => asked(JSON.parse(key) as AuditFilters, zone), [key, zone]);
  const pages = usePages<Event>(['audit', tenant.slug, wanted], fetchEvents(tenant.slug, wanted));
  const sentence = useSentence(pages.rows);
  const [views, setViews] = useState(() => loadViews(tenant.slug));
  const [saving, setSaving] = useState(false);
  const [verifying, setVerifying] = useState(false);
  const filtered = Object.keys(wanted).length > 0;
  const change = (next: Partial<AuditSearch>) => onSearch({ ...search, ...next });

  const columns: Column<Event>[] = [
    { id: 'at', header: t('at'), width: 178, cell: (e) => <time dateTime={e.at}>{format.time(e.at)}</time> },
    { id: 'sentence', header: t('what'), cell: (e) => <span title={sentence(e)}>{sentence(e)}</span> },
    {
      id: 'outcome',
      header: t('outcome'),
      width: 110,
      below: 'sm',
      cell: (e) => (e.outcome === 'success' ? shared('status.success') : <Status of={e.outcome} />),
    },
    { id: 'address', header: t('address'), width: 140, below: 'md', cell: (e) => e.address || '—' },
  ];
  return (
    <>
      <PageHeader title={t('title')} text={t('text')}>
        <Menu position="bottom-end" width={260}>
          <Menu.Target>
            <Button variant="default" leftSection={<Bookmark size={16} aria-hidden />}>
              {t('views.open')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {builtIn.map(([name, of]) => (
              <Menu.Item key={name} onClick={() => onSearch(of)}>
                {t(`views.${name}` as 'views.denied')}
              </Menu.Item>
            ))}
            {views.length > 0 && <Menu.Label>{t('views.mine')}</Menu.Label>}
            {views.map((view) => (
              <Menu.Item key={view.name} onClick={() => onSearch(view.filters)}>
                {view.name}
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item disabled={!filtered} onClick={() => setSaving(true)}>
              {t('views.save')}
            </Menu.Item>
            {views
              .filter((view) => JSON.stringify(view.filters) === JSON.stringify(filters))
              .map((view) => (
                <Menu.Item key={view.name} color="red" onClick={() => setViews(deleteView(tenant.slug, view.name))}>
                  {t('views.delete', { name: view.name })}
                </Menu.Item>
              ))}
          </Menu.Dropdown>
        </Menu>
        {can('audit.export') ? (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" leftSection={<Download size={16} aria-hidden />}>
                {t('export')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {(['csv', 'ndjson'] as const).map((kind) => (
                <Menu.Item key={kind} component="a" href={exportUrl(tenant.slug, wanted, kind)} download>
                  {t(`as_${kind}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        ) : (
          <GuardedButton needs="audit.export" variant="default" onClick={() => undefined}>
            {t('export')}
          </GuardedButton>
        )}
        <Button
          variant="default"
          leftSection={<ShieldCheck size={16} aria-hidden />}
          onClick={() => setVerifying(true)}
        >
          {t('verify.open')}
        </Button>
      </PageHeader>
      <div className={classes.filters}>
        <SearchField of={search.text} label={t('search')} onChange={(text) => change({ text })} />
        <Select
          aria-label={t('action')}
          placeholder={t('allActions')}
          data={actions.map((value) => ({ value, label: value }))}
          value={search.action ?? null}
          onChange={(value) => change({ action: value ?? undefined })}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': t('allActions') }}
          w={210}
        />
        <Select
          aria-label={t('outcome')}
          placeholder={t('allOutcomes')}
          data={(['success', 'denied', 'failure'] as const).map((value) => ({
            value,
            label: shared(`status.${value}`),
          }))}
          value={search.outcome ?? null}
          onChange={(value) => change({ outcome: (value as AuditFilters['outcome']) ?? undefined })}
          clearable
          clearButtonProps={{ 'aria-label': t('allOutcomes') }}
          w={150}
        />
        <TimeRange
          since={search.since}
          until={search.until}
          onChange={(range) => change({ since: range.since, until: range.until })}
        />
        {(['actor', 'target', 'session'] as const).map(
          (name) =>
            search[name] && (
              <Badge
                key={name}
                size="lg"
                component="button"
                onClick={() => change({ [name]: undefined })}
                aria-label={shared('query.remove', { field: t(name) })}
                style={{ cursor: 'pointer' }}
              >
                {t(name)}: {search[name]} ×
              </Badge>
            ),
        )}
        {filtered && (
          <Button variant="subtle" onClick={() => onSearch({})}>
            {shared('empty.clear')}
          </Button>
        )}
      </div>
      <DataTable
        label={t('title')}
        columns={columns}
        pages={pages}
        rowId={(e) => e.id}
        onOpen={(e) => change({ event: e.id })}
        oneLine
        empty={
          filtered ? (
            <FilteredState clear={() => onSearch({})} />
          ) : (
            <NeverState title={t('none')} text={t('noneText')} />
          )
        }
      />
      {event && (
        <EventDrawer
          id={event}
          known={pages.rows.find((e) => e.id === event)}
          onClose={() => change({ event: undefined })}
          onFilter={(next) => onSearch(next)}
        />
      )}
      {saving && (
        <SaveView
          onClose={() => setSaving(false)}
          onSave={(name) => {
            setViews(saveView(tenant.slug, { name, filters }));
            setSaving(false);
          }}
        />
      )}
      {verifying && <Verify onClose={() => setVerifying(false)} onEvent={(id) => onSearch({ event: id })} />}
    </>
  );
}
