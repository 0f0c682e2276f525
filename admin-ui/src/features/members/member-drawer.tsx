import { Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, type Versioned } from '@/api/client';
import { browserName } from '@/shared/lib/browser';
import { useCan, useFormat, useTenant } from '@/shared/lib/tenant';
import { ConfirmByName } from '@/shared/ui/confirm-by-name';
import { DetailDrawer } from '@/shared/ui/detail-drawer';
import { ErrorNote, ErrorState } from '@/shared/ui/empty-state';
import classes from '@/shared/ui/page.module.css';
import { Facts, Panel } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import { asGrant, GrantFields, noChoice } from './grant-fields';
import { grantLabel, type Member, memberQuery, useMemberChanges } from './queries';

export function MemberDrawer({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const member = useQuery({ ...memberQuery(tenant.slug, id ?? ''), enabled: id !== undefined });
  return (
    <DetailDrawer
      opened={id !== undefined}
      onClose={onClose}
      title={member.data?.value.name || member.data?.value.email || t('people')}
    >
      {member.error && <ErrorState error={member.error} retry={() => void member.refetch()} />}
      {member.isPending && <Loader size="sm" aria-label={t('loading', { ns: 'shared' })} />}
      {member.data && <Detail key={member.data.value.id} of={member.data} onGone={onClose} />}
    </DetailDrawer>
  );
}

function Detail({ of: { value: member, etag }, onGone }: { of: Versioned<Member>; onGone: () => void }) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const can = useCan();
  const format = useFormat();
  const { change, remove, signOut } = useMemberChanges(tenant.slug);
  const [removing, setRemoving] = useState(false);
  const manage = can('members.manage');
  return (
    <Stack>
      <Facts
        rows={[
          [t('email'), member.email],
          [t('status'), <Status key="status" of={member.status} />],
          [t('directory'), member.directory && t('directoryKeeps')],
          [t('since'), format.time(member.createdAt)],
          [t('invitedUntil'), member.status === 'invited' && member.invitedUntil && format.time(member.invitedUntil)],
          [t('lastSignIn'), member.lastSignInAt ? format.time(member.lastSignInAt) : t('never')],
        ]}
      />
      <Grants member={member} manage={manage} />
      <Sessions
        member={member.id}
        manage={manage}
        signOut={() => signOut.mutate(member.id)}
        pending={signOut.isPending}
        error={signOut.error}
      />
      {manage && (
        <>
          <ErrorNote error={change.error} />
          <Group>
            {member.status !== 'invited' && (
              <Button
                variant="default"
                loading={change.isPending}
                onClick={() =>
                  change.mutate({
                    member: member.id,
                    etag,
                    body: { status: member.status === 'disabled' ? 'active' : 'disabled' },
                  })
                }
              >
                {member.status === 'disabled' ? t('enable') : t('disable')}
              </Button>
            )}
            <Button variant="outline" color="red" c="var(--mantine-color-error)" onClick={() => setRemoving(true)}>
              {t('remove.open')}
            </Button>
          </Group>
        </>
      )}
      <ConfirmByName
        opened={removing}
        onClose={() => setRemoving(false)}
        title={t('remove.title', { name: member.name || member.email })}
        name={member.email}
        action={t('remove.submit')}
        onConfirm={() => remove.mutate({ member: member.id, etag }, { onSuccess: onGone })}
        pending={remove.isPending}
        error={remove.error}
      >
        {t('remove.text')}
      </ConfirmByName>
    </Stack>
  );
}

function Grants({ member, manage }: { member: Member; manage: boolean }) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const format = useFormat();
  const { give, take } = useMemberChanges(tenant.slug);
  const [choice, setChoice] = useState<typeof noChoice>();
  const once = useRef(onceKey());
  return (
    <Panel title={t('roles.tab')}>
      <Stack gap="sm">
        {member.grants.length === 0 && (
          <Text size="sm" c="dimmed">
            {t('noGrants')}
          </Text>
        )}
        {member.grants.map((g) => {
          const label = grantLabel(g, (role, store) => t('inStore', { role, store }));
          return (
            <Group key={g.id} justify="space-between" wrap="nowrap" align="flex-start">
              <div>
                <Text size="sm" fw={600}>
                  {label}
                </Text>
                <Text size="xs" c="dimmed">
                  {t(`source_${g.source}`)} · {format.date(g.grantedAt)}
                  {g.expiresAt && ` · ${t(g.expired ? 'expiredAt' : 'expiresAt', { when: format.date(g.expiresAt) })}`}
                  {` · ${g.lastUsedAt ? t('usedAt', { when: format.ago(g.lastUsedAt) }) : t('neverUsed')}`}
                </Text>
              </div>
              {manage && g.source !== 'sso' && g.source !== 'scim' && (
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={take.isPending && take.variables?.grant === g.id}
                  onClick={() => take.mutate({ member: member.id, grant: g.id })}
                  aria-label={t('takeNamed', { role: label })}
                >
                  {t('take')}
                </Button>
              )}
            </Group>
          );
        })}
        <ErrorNote error={take.error} />
        {manage && !choice && (
          <Group>
            <Button variant="default" size="compact-sm" onClick={() => setChoice(noChoice)}>
              {t('give')}
            </Button>
          </Group>
        )}
        {choice && (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              give.mutate(
                { member: member.id, body: asGrant(choice, tenant.timeZone), once: once.current },
                {
                  onSuccess: () => {
                    once.current = onceKey();
                    setChoice(undefined);
                  },
                },
              );
            }}
          >
            <Stack>
              <GrantFields value={choice} onChange={setChoice} />
              <ErrorNote error={give.error} />
              <Group>
                <Button type="submit" disabled={!choice.role} loading={give.isPending}>
                  {t('give')}
                </Button>
                <Button variant="default" onClick={() => setChoice(undefined)}>
                  {t('cancel', { ns: 'shared' })}
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Stack>
    </Panel>
  );
}

function Sessions({
  member,
  manage,
  signOut,
  pending,
  error,
}: {
  member: string;
  manage: boolean;
  signOut: () => void;
  pending: boolean;
  error: unknown;
}) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const format = useFormat();
  const sessions = useQuery({
    queryKey: ['sessions', tenant.slug, member],
    queryFn: ({ signal }) =>
      call(
        api.GET('/api/v1/tenants/{tenant}/members/{member}/sessions', {
          params: { path: { tenant: tenant.slug, member } },
          signal,
        }),
      ),
  });
  const items = sessions.data?.items ?? [];
  return (
    <Panel title={t('sessions')}>
      <Stack gap="sm">
        <ErrorNote error={sessions.error ?? error} />
        {sessions.isSuccess && items.length === 0 && (
          <Text size="sm" c="dimmed">
            {t('noSessions')}
          </Text>
        )}
        {items.length > 0 && (
          <table className={classes.table} aria-label={t('sessions')}>
            <tbody>
              {items.map((s) => (
                <tr key={s.id}>
                  <td>{s.address}</td>
                  <td title={s.userAgent}>{browserName(s.userAgent)}</td>
                  <td>{format.ago(s.lastSeenAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {manage && items.length > 0 && (
          <Group>
            <Button variant="default" size="compact-sm" onClick={signOut} loading={pending}>
              {t('signOutAll')}
            </Button>
          </Group>
        )}
      </Stack>
    </Panel>
  );
}
