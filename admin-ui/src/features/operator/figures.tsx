import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { useFormat } from '@/shared/lib/tenant';
import { ErrorNote } from '@/shared/ui/empty-state';
import { Facts, Panel } from '@/shared/ui/page-header';
import { type Day, UsageDays } from '@/shared/ui/usage-days';
import { figuresQuery } from './queries';

/** How a tenant is used now. */
export function Figures({ tenant }: { tenant: string }) {
  const { t } = useTranslation('operator');
  const format = useFormat();
  const { data, error } = useQuery(figuresQuery(tenant));
  const errors = ({ requests, errorRate }: Schema['RequestFigures']) =>
    requests > 0
      ? t('figures.of', { count: requests, rate: format.percent(errorRate), shown: format.number(requests) })
      : t('figures.noRequests');
  return (
    <Panel title={t('figures.now')}>
      <ErrorNote error={error} />
      {!data && !error && <Skeleton height={160} />}
      {data && (
        <Facts
          rows={[
            [t('figures.today'), format.number(data.statementsToday)],
            [t('figures.perDay'), `${format.number(Math.round(data.statementsPerDay))} (${t('figures.perDayHint')})`],
            [t('figures.storage'), format.bytes(data.storageBytes)],
            [t('figures.errorsHour'), errors(data.lastHour)],
            [t('figures.errorsDay'), errors(data.lastDay)],
            [
              t('figures.lastIngest'),
              data.lastIngestAt
                ? `${format.time(data.lastIngestAt)} (${format.ago(data.lastIngestAt)})`
                : t('figures.never'),
            ],
          ]}
        />
      )}
    </Panel>
  );
}

/** What a tenant used in the last 30 days. */
export function LastDays({ tenant }: { tenant: string }) {
  const pages = usePages<Day>(['tenants', tenant, 'usage'], (after, signal) =>
    call(
      api.GET('/api/v1/platform/tenants/{tenant}/usage', {
        params: { path: { tenant }, query: { after } },
        signal,
      }),
    ),
  );
  return <UsageDays pages={pages} />;
}
