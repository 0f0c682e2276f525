import { Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { ErrorNote } from '@/shared/ui/empty-state';
import classes from '@/shared/ui/page.module.css';
import { lastDayQuery } from './queries';

/** The traffic of a key in the last 24 hours, by hour and by what was asked. */
export function LastDay({ user }: { user: string }) {
  const { t } = useTranslation('keys');
  const tenant = useTenant();
  const format = useFormat();
  const day = useQuery(lastDayQuery(tenant.slug, user));
  if (day.error) return <ErrorNote error={day.error} />;
  if (!day.data) return <Skeleton height={96} aria-label={t('day.title')} />;
  const { hours, total, requests, addresses, statuses } = day.data;
  const most = Math.max(1, ...hours);
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {total === 0 ? t('day.none') : t('day.total', { count: total, shown: format.number(total) })}
      </Text>
      {total > 0 && (
        <>
          <div className={classes.bars} role="img" aria-label={t('day.chart', { most: format.number(most) })}>
            {hours.map((n, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is the hour
              <span key={i} style={{ height: `${(100 * n) / most}%` }} />
            ))}
          </div>
          <table className={classes.table} aria-label={t('day.title')}>
            <tbody>
              {requests.slice(0, 6).map(([what, n]) => (
                <tr key={what}>
                  <td>
                    <code>{what}</code>
                  </td>
                  <td className={classes.end}>{format.number(n)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <Text size="sm">
            {t('day.answers')}:{' '}
            {statuses
              .map(([status, n]) => {
                const means = t(`day.classes.${status}` as 'day.classes.2xx', { defaultValue: '' });
                return `${format.number(n)} × ${status}${means && ` (${means})`}`;
              })
              .join(', ')}
          </Text>
          <Text size="xs" c="dimmed">
            {t('day.from', { addresses: format.list(addresses.slice(0, 5)), count: addresses.length })}
          </Text>
        </>
      )}
    </Stack>
  );
}
