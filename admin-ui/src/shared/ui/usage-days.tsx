import { Button, Group, Stack, TextInput } from '@mantine/core';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import type { Pages } from '@/api/pages';
import { useFormat } from '@/shared/lib/tenant';
import { type Column, DataTable } from './data-table';
import { NeverState } from './empty-state';
import classes from './page.module.css';
import { Facts, Panel } from './page-header';

export type Day = Schema['UsageDay'];

/** The first and the last day (YYYY-MM-DD, UTC) of what is asked for; without them the server gives 30 days. */
export interface Days {
  from?: string;
  to?: string;
}

/** Whether the text is a day; what is none in a URL is not asked for. */
export const day = (text: string | undefined) => (text && /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined);

/** Counters of several days in one. Keys of different days may be the same, and what is held is not added up. */
export function sum(days: readonly Pick<Day, Counter>[]): Record<Counter, number> {
  const all = { statements: 0, requests: 0, refused: 0, failed: 0, bytesIn: 0, consoleReads: 0 };
  for (const one of days) for (const name of Object.keys(all) as Counter[]) all[name] += one[name];
  return all;
}
type Counter = 'statements' | 'requests' | 'refused' | 'failed' | 'bytesIn' | 'consoleReads';

/** Refused and failed of all requests, from 0 to 1; undefined when there were none. */
export const errorShare = ({ requests, refused, failed }: Pick<Day, 'requests' | 'refused' | 'failed'>) =>
  requests > 0 ? (refused + failed) / requests : undefined;

/** A day of UTC as text, whatever the time zone of the tenant. */
export const noon = (of: string) => `${of}T12:00:00Z`;

export function ChooseDays({ from, to, onChange }: Days & { onChange: (days: Days) => void }) {
  const { t } = useTranslation('usage');
  return (
    <Group gap="xs" align="flex-end">
      {(['from', 'to'] as const).map((name) => (
        <TextInput
          key={name}
          type="date"
          label={t(name)}
          value={(name === 'from' ? from : to) ?? ''}
          onChange={(event) => onChange({ from, to, [name]: event.currentTarget.value || undefined })}
        />
      ))}
    </Group>
  );
}

export function DownloadCsv({ href }: { href: string }) {
  const { t } = useTranslation('usage');
  return (
    <Button component="a" href={href} download variant="default" leftSection={<Download size={16} aria-hidden />}>
      {t('csv')}
    </Button>
  );
}

/** The columns that every list of use has. */
export function useUsageColumns<T extends Omit<Day, 'storageBytes'>>(): Column<T>[] {
  const { t } = useTranslation('usage');
  const format = useFormat();
  const share = (of: T) => {
    const part = errorShare(of);
    return part === undefined ? '—' : format.percent(part);
  };
  return [
    { id: 'statements', header: t('statements'), end: true, cell: (d) => format.number(d.statements) },
    { id: 'requests', header: t('requests'), end: true, cell: (d) => format.number(d.requests), below: 'sm' },
    { id: 'errors', header: t('errors'), end: true, cell: share, below: 'sm' },
    { id: 'in', header: t('bytesIn'), end: true, cell: (d) => format.bytes(d.bytesIn), below: 'md' },
    { id: 'keys', header: t('activeKeys'), end: true, cell: (d) => format.number(d.activeKeys), below: 'md' },
    { id: 'reads', header: t('consoleReads'), end: true, cell: (d) => format.number(d.consoleReads), below: 'md' },
  ];
}

/** What was used day by day: in all, as bars, and as the table behind them. */
export function UsageDays({ pages }: { pages: Pages<Day> }) {
  const { t } = useTranslation('usage');
  const format = useFormat();
  const { rows } = pages;
  const all = sum(rows);
  const share = errorShare(all);
  const known = (text: string | undefined) => (pages.isPending || !text ? '–' : text);
  const most = Math.max(1, ...rows.map((d) => d.statements));
  const columns: Column<Day>[] = [
    { id: 'day', header: t('day'), cell: (d) => <time dateTime={d.day}>{format.date(noon(d.day))}</time> },
    ...useUsageColumns<Day>(),
    { id: 'held', header: t('storage'), end: true, cell: (d) => format.bytes(d.storageBytes), below: 'sm' },
  ];
  return (
    <Stack>
      {(rows.length > 0 || pages.isPending) && (
        // Of the same height while it loads, so that nothing jumps.
        <Panel title={pages.isPending ? '\u00a0' : t('inAll', { count: rows.length })}>
          <Stack>
            <Facts
              rows={[
                [t('statements'), known(format.number(all.statements))],
                [t('requests'), known(format.number(all.requests))],
                [t('errors'), known(share === undefined ? t('noRequests') : format.percent(share))],
                [t('bytesIn'), known(format.bytes(all.bytesIn))],
                [t('consoleReads'), known(format.number(all.consoleReads))],
                [t('storageNow'), known(rows[0] && format.bytes(rows[0].storageBytes))],
              ]}
            />
            <div className={classes.bars} role="img" aria-label={t('chart', { most: format.number(most) })}>
              {[...rows].reverse().map((d) => (
                <span
                  key={d.day}
                  title={`${format.date(noon(d.day))}: ${format.number(d.statements)}`}
                  style={{ height: `${(100 * d.statements) / most}%` }}
                />
              ))}
            </div>
          </Stack>
        </Panel>
      )}
      <DataTable
        label={t('title')}
        columns={columns}
        pages={pages}
        rowId={(d) => d.day}
        empty={<NeverState title={t('none')} text={t('noneText')} />}
      />
    </Stack>
  );
}
