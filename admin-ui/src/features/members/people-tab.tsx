import { Badge, Button, Group } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { usePages } from '@/api/pages';
import { useFormat, useTenant } from '@/shared/lib/tenant';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { FilteredState, NeverState } from '@/shared/ui/empty-state';
import { later } from '@/shared/ui/later';
import { SearchField } from '@/shared/ui/search-field';
import { Status } from '@/shared/ui/status';
import { grantLabel, type Member, membersKey } from './queries';

const MemberDrawer = later(() => import('./member-drawer').then((m) => m.MemberDrawer));

export function PeopleTab({
  text,
  onText,
  member,
  onMember,
}: {
  /** Part of a name or address. */
  text: string | undefined;
  onText: (text: string | undefined) => void;
  member: string | undefined;
  onMember: (member: string | undefined) => void;
}) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const format = useFormat();
  const pages = usePages<Member>([...membersKey(tenant.slug), 'list', text ?? ''], (after, signal) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/members', {
        params: { path: { tenant: tenant.slug }, query: { text, after } },
        signal,
      }),
    ),
  );
  const columns: Column<Member>[] = [
    { id: 'name', header: t('name'), cell: (m) => m.name || m.email, width: '24%' },
    { id: 'email', header: t('email'), cell: (m) => m.email, below: 'sm' },
    { id: 'status', header: t('status'), cell: (m) => <Status of={m.status} /> },
    {
      id: 'roles',
      header: t('roles.tab'),
      cell: (m) => (
        <Group gap={4}>
          {m.grants.map((g) => (
            <Badge key={g.id} variant="default" td={g.expired ? 'line-through' : undefined}>
              {grantLabel(g, (role, store) => t('inStore', { role, store }))}
            </Badge>
          ))}
          {m.grants.length === 0 && '—'}
        </Group>
      ),
    },
    {
      id: 'seen',
      header: t('lastSignIn'),
      below: 'md',
      cell: (m) => (m.lastSignInAt ? format.ago(m.lastSignInAt) : t('never')),
    },
  ];
  return (
    <>
      <Group gap="xs" mb="sm">
        <SearchField of={text} label={t('search')} onChange={onText} />
        {text && (
          <Button variant="subtle" onClick={() => onText(undefined)}>
            {t('empty.clear', { ns: 'shared' })}
          </Button>
        )}
      </Group>
      <DataTable
        label={t('people')}
        columns={columns}
        pages={pages}
        rowId={(m) => m.id}
        onOpen={(m) => onMember(m.id)}
        empty={
          text ? (
            <FilteredState clear={() => onText(undefined)} />
          ) : (
            <NeverState title={t('none')} text={t('noneText')} />
          )
        }
      />
      {member && <MemberDrawer id={member} onClose={() => onMember(undefined)} />}
    </>
  );
}
