import { Group, Progress, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/shared/lib/tenant';

/** How far something long has come; without a total it is known only that it goes on. */
export function JobProgress({ label, done, total }: { label: string; done: number; total?: number }) {
  const { t } = useTranslation('shared');
  const format = useFormat();
  const part = total ? Math.min(100, (100 * done) / total) : 100;
  return (
    <div role="status">
      <Group justify="space-between" mb={4}>
        <Text size="sm">{label}</Text>
        <Text size="sm" c="dimmed">
          {total ? t('job.of', { done: format.number(done), total: format.number(total) }) : format.number(done)}
        </Text>
      </Group>
      <Progress value={part} animated={!total} aria-label={label} />
    </div>
  );
}
