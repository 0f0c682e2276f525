import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { Printer } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { NeverState } from '@/shared/ui/empty-state';
import { JobProgress } from '@/shared/ui/job-progress';
import classes from '@/shared/ui/page.module.css';
import type { ReviewRow } from './queries';

const numbers = [
  'members',
  'canView',
  'canViewIdentity',
  'canExport',
  'grants',
  'expired',
  'unused',
  'neverUsed',
  'bulkKeys',
] as const;

/** Who may see and take out what, since when and by which grant. Printed, it is a list to sign. */
export function ReviewTab() {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const format = useFormat();
  const pages = usePages<ReviewRow, Schema['AccessReviewPage']>(['review', tenant.slug], (after, signal) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/access-review', {
        params: { path: { tenant: tenant.slug }, query: { after, limit: 500 } },
        signal,
      }),
    ),
  );
  const [printing, setPrinting] = useState(false);
  const { hasNextPage, isFetchingNextPage, fetchNextPage, error } = pages;
  useEffect(() => {
    if (!printing || isFetchingNextPage) return;
    if (error) setPrinting(false);
    else if (hasNextPage) void fetchNextPage();
    else {
      // After the whole list is drawn.
      const timer = window.setTimeout(() => {
        window.print();
        setPrinting(false);
      }, 100);
      return () => window.clearTimeout(timer);
    }
  }, [printing, isFetchingNextPage, hasNextPage, fetchNextPage, error]);

  const yes = (is: boolean) => (
    <span role="img" aria-label={t(is ? 'review.yes' : 'review.no')} style={is ? undefined : { opacity: 0.65 }}>
      {is ? '✓' : '–'}
    </span>
  );
  const columns: Column<ReviewRow>[] = [
    {
      id: 'name',
      header: t('review.who'),
      cell: (r) => (
        <>
          {r.name || r.email} {r.kind === 'key' && <span className={classes.mark}>{t('review.key')}</span>}
        </>
      ),
    },
    {
      id: 'via',
      header: t('review.via'),
      cell: (r) => (r.store ? t('inStore', { role: r.via, store: r.store }) : r.via),
    },
    { id: 'view', header: t('review.view'), cell: (r) => yes(r.canView), below: 'sm' },
    { id: 'identity', header: t('review.identity'), cell: (r) => yes(r.canViewIdentity), below: 'sm' },
    { id: 'export', header: t('review.export'), cell: (r) => yes(r.canExport) },
    { id: 'since', header: t('since'), cell: (r) => (r.since ? format.date(r.since) : '—'), below: 'md' },
    {
      id: 'used',
      header: t('review.used'),
      cell: (r) => (r.lastUsedAt ? format.date(r.lastUsedAt) : t('never')),
      below: 'md',
    },
    {
      id: 'flags',
      header: t('review.flags'),
      cell: (r) => (
        <>
          {r.flags.map((flag) => (
            <span key={flag} className={`${classes.mark} ${classes.warning}`}>
              {t(`review.flag_${flag}`)}
            </span>
          ))}
        </>
      ),
    },
  ];
  const totals = pages.first?.totals;
  return (
    <Stack>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Text size="sm" c="dimmed">
          {t('review.text')}
          <br />
          {pages.first ? t('review.at', { when: format.exact(pages.first.at) }) : '\u00a0'}
        </Text>
        <Button
          variant="default"
          className={classes.noPrint}
          leftSection={<Printer size={16} aria-hidden />}
          onClick={() => setPrinting(true)}
          loading={printing}
        >
          {t('review.print')}
        </Button>
      </Group>
      {printing && hasNextPage && <JobProgress label={t('review.loading')} done={pages.rows.length} />}
      {(totals || pages.isPending) && (
        <SimpleGrid cols={{ base: 3, md: 9 }} spacing="xs">
          {numbers.map((name) => (
            <div key={name} className={classes.panel} style={{ padding: '8px 10px' }}>
              <Text fz="lg" fw={650}>
                {totals ? format.number(totals[name]) : '–'}
              </Text>
              <Text size="xs" c="dimmed" lh={1.25}>
                {t(`review.total_${name}`)}
              </Text>
            </div>
          ))}
        </SimpleGrid>
      )}
      {pages.first?.inside.map((entry) => (
        <div key={entry.id} className={classes.panel} style={{ padding: '8px 10px' }}>
          <Text size="sm">
            {entry.operator} <span className={`${classes.mark} ${classes.warning}`}>{t('review.inside')}</span>
          </Text>
          <Text size="sm" c="dimmed">
            {t('review.insideText', {
              level: t(`operators.${entry.level}`),
              from: format.time(entry.enteredAt),
              until: format.time(entry.expiresAt),
              reason: entry.reason,
            })}
          </Text>
        </div>
      ))}
      <DataTable
        label={t('review.tab')}
        columns={columns}
        pages={pages}
        rowId={(r) => `${r.kind} ${r.id} ${r.grant ?? ''} ${r.store ?? ''} ${r.via}`}
        all={printing}
        empty={<NeverState title={t('review.none')} text={t('review.noneText')} />}
      />
    </Stack>
  );
}
