import { Group, Loader, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { duration } from '@/shared/lib/format';
import { useFormat } from '@/shared/lib/tenant';
import { ErrorState } from '@/shared/ui/empty-state';
import classes from '@/shared/ui/page.module.css';
import { Facts, PageHeader, Panel } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';

/** A number with the unit that its name ends with. */
export function say(name: string, n: number, language: string): string {
  const unit = name.endsWith('Ms') ? 'millisecond' : name.endsWith('Seconds') ? 'second' : undefined;
  return new Intl.NumberFormat(language, {
    maximumFractionDigits: 1,
    ...(unit && { style: 'unit', unit, unitDisplay: 'short' }),
  }).format(n);
}

/** How the service is, part by part. */
export function SystemPage() {
  const { t, i18n } = useTranslation('operator');
  const format = useFormat();
  const health = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => call(api.GET('/api/v1/platform/health', { signal })),
    refetchInterval: 10_000,
  });
  const told = health.data?.parts.some((part) => part.detail);
  return (
    <>
      <PageHeader title={t('system')} text={t('systemText')} />
      {health.error && <ErrorState error={health.error} retry={() => void health.refetch()} />}
      {health.isPending && <Loader size="sm" aria-label={t('loading', { ns: 'shared' })} />}
      {health.data && (
        <Stack>
          <Panel>
            <Facts
              rows={[
                [t('status'), <Status key="status" of={health.data.status} />],
                [t('version'), <code key="version">{health.data.version}</code>],
                [t('started'), format.exact(health.data.startedAt)],
                [t('uptime'), duration(`PT${health.data.uptimeSeconds}S`, i18n.language)],
              ]}
            />
          </Panel>
          <div className={classes.scroll}>
            <table className={classes.table} aria-label={t('parts')}>
              <thead>
                <tr>
                  <th scope="col">{t('part')}</th>
                  <th scope="col" className={classes.belowSm}>
                    {t('status')}
                  </th>
                  <th scope="col">{t('numbersNow')}</th>
                  {told && <th scope="col">{t('detail')}</th>}
                </tr>
              </thead>
              <tbody>
                {health.data.parts.map((part) => (
                  <tr key={part.name}>
                    <td>
                      {t(`partNames.${part.name}` as 'partNames.database', { defaultValue: part.name })}
                      <span className={classes.phone}>
                        <Status of={part.status} />
                      </span>
                    </td>
                    <td className={classes.belowSm}>
                      <Status of={part.status} />
                    </td>
                    <td>
                      <Group gap="4px 16px">
                        {Object.entries(part.numbers).map(([name, n]) => (
                          <span key={name}>
                            {t(`numbers.${name}` as 'numbers.pingMs', { defaultValue: name })}{' '}
                            <b>{say(name, n, i18n.language)}</b>
                          </span>
                        ))}
                      </Group>
                    </td>
                    {told && <td>{part.detail}</td>}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Stack>
      )}
    </>
  );
}
