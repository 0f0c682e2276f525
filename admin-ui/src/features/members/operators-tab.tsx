import { useTranslation } from 'react-i18next';
import { api, call, type Schema } from '@/api/client';
import { usePages } from '@/api/pages';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { NeverState } from '@/shared/ui/empty-state';
import { Status } from '@/shared/ui/status';

type Entry = Schema['Entry'];

/** Operators of the platform who were or are inside. */
export function OperatorsTab() {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const format = useFormat();
  const pages = usePages<Entry>(['entries', tenant.slug], (after, signal) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/entries', {
        params: { path: { tenant: tenant.slug }, query: { after } },
        signal,
      }),
    ),
  );
  const columns: Column<Entry>[] = [
    { id: 'operator', header: t('operators.who'), cell: (e) => e.operator, width: '22%' },
    { id: 'reason', header: t('operators.reason'), cell: (e) => e.reason },
    { id: 'level', header: t('operators.level'), cell: (e) => t(`operators.${e.level}`), below: 'sm' },
    { id: 'status', header: t('status'), cell: (e) => <Status of={e.active ? 'active' : 'ended'} /> },
    { id: 'from', header: t('operators.from'), cell: (e) => format.time(e.enteredAt), below: 'md' },
    { id: 'to', header: t('operators.to'), cell: (e) => format.time(e.leftAt ?? e.expiresAt), below: 'md' },
  ];
  return (
    <DataTable
      label={t('operators.tab')}
      columns={columns}
      pages={pages}
      rowId={(e) => e.id}
      empty={<NeverState title={t('operators.none')} text={t('operators.noneText')} />}
    />
  );
}
