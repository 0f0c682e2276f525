import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { TextLink } from '@/shared/ui/links';
import classes from '@/shared/ui/page.module.css';
import { Panel } from '@/shared/ui/page-header';

/** What came in day by day, the newest last. The page of usage has the table behind it. */
export function Use({ days }: { days: readonly Schema['UsageDay'][] }) {
  const { t } = useTranslation('home');
  const tenant = useTenant();
  const format = useFormat();
  const most = Math.max(1, ...days.map((d) => d.statements));
  const total = (of: 'statements' | 'requests' | 'refused' | 'failed') => days.reduce((n, d) => n + d[of], 0);
  const requests = total('requests');
  const numbers = [
    [t('use.statements'), format.number(total('statements'))],
    [t('use.requests'), format.number(requests)],
    [t('use.errors'), requests > 0 ? format.percent((total('refused') + total('failed')) / requests) : '—'],
  ] as const;
  return (
    <Panel title={t('use.title', { count: days.length })}>
      <Group gap="xl" mb="sm">
        {numbers.map(([name, value]) => (
          <div key={name}>
            <Text size="xs" c="dimmed">
              {name}
            </Text>
            <Text fz="xl" fw={650}>
              {value}
            </Text>
          </div>
        ))}
      </Group>
      <div className={classes.bars} role="img" aria-label={t('use.chart', { most: format.number(most) })}>
        {[...days].reverse().map((d) => (
          <span
            key={d.day}
            title={`${format.date(`${d.day}T12:00:00Z`)}: ${format.number(d.statements)}`}
            style={{ height: `${(100 * d.statements) / most}%` }}
          />
        ))}
      </div>
      <TextLink size="sm" to="/t/$tenant/usage" params={{ tenant: tenant.slug }}>
        {t('use.go')}
      </TextLink>
    </Panel>
  );
}
