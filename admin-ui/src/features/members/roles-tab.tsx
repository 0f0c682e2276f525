import { Badge, Button, Checkbox, Group, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey, versioned } from '@/api/client';
import { type Role, rolesQuery } from '@/api/roles';
import { held } from '@/shared/lib/permissions';
import { useCan, useTenant } from '@/shared/lib/tenant';
import { GuardedButton } from '@/shared/ui/can';
import { ConfirmByName } from '@/shared/ui/confirm-by-name';
import { DetailDrawer } from '@/shared/ui/detail-drawer';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote, ErrorState } from '@/shared/ui/empty-state';
import classes from '@/shared/ui/page.module.css';
import { groupActions } from './queries';

export function RolesTab({ role, onRole }: { role: string | undefined; onRole: (role: string | undefined) => void }) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const can = useCan();
  const roles = useQuery(rolesQuery(tenant.slug));
  const [editing, setEditing] = useState<Role | 'new'>();
  const [deleting, setDeleting] = useState<Role>();
  const queries = useQueryClient();
  const open = roles.data?.find((r) => r.slug === role);
  const remove = useMutation({
    mutationFn: async (of: Role) => {
      const path = { tenant: tenant.slug, role: of.slug };
      const { etag } = await versioned(api.GET('/api/v1/tenants/{tenant}/roles/{role}', { params: { path } }));
      return call(
        api.DELETE('/api/v1/tenants/{tenant}/roles/{role}', { params: { path, header: { 'If-Match': etag } } }),
      );
    },
    onSuccess: async () => {
      setDeleting(undefined);
      onRole(undefined);
      await queries.invalidateQueries({ queryKey: ['roles', tenant.slug] });
    },
  });
  if (roles.error) return <ErrorState error={roles.error} retry={() => void roles.refetch()} />;
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          {t('roles.text')}
        </Text>
        <GuardedButton needs="roles.manage" variant="default" onClick={() => setEditing('new')}>
          {t('roles.create')}
        </GuardedButton>
      </Group>
      <div className={classes.scroll}>
        <table className={classes.table} aria-label={t('roles.tab')}>
          <thead>
            <tr>
              <th scope="col">{t('name')}</th>
              <th scope="col" className={classes.belowSm}>
                {t('roles.description')}
              </th>
              <th scope="col" className={classes.belowSm}>
                {t('roles.kind')}
              </th>
              <th scope="col" className={classes.end}>
                {t('roles.actions')}
              </th>
            </tr>
          </thead>
          <tbody>
            {roles.data?.map((r) => (
              <tr key={r.slug}>
                <td>
                  <button type="button" className={classes.open} onClick={() => onRole(r.slug)}>
                    {r.name}
                  </button>
                  {!r.builtIn && (
                    <span className={classes.phone}>
                      <Badge>{t('roles.own')}</Badge>
                    </span>
                  )}
                </td>
                <td className={classes.belowSm}>{r.description}</td>
                <td className={classes.belowSm}>{r.builtIn ? t('roles.builtIn') : <Badge>{t('roles.own')}</Badge>}</td>
                <td className={classes.end}>{r.actions.length}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <DetailDrawer opened={open !== undefined} onClose={() => onRole(undefined)} title={open?.name}>
        {open && (
          <Stack>
            <Text size="sm">{open.description}</Text>
            {groupActions(open.actions).map(([group, actions]) => (
              <div key={group}>
                <Text size="xs" c="dimmed" fw={600} mb={4}>
                  {group}
                </Text>
                <Group gap={6} fz="sm">
                  {actions.map((action) => (
                    <code key={action}>{action}</code>
                  ))}
                </Group>
              </div>
            ))}
            {!open.builtIn && can('roles.manage') && (
              <Group>
                <Button onClick={() => setEditing(open)}>{t('roles.change')}</Button>
                <Button
                  variant="outline"
                  color="red"
                  c="var(--mantine-color-error)"
                  onClick={() => {
                    remove.reset();
                    setDeleting(open);
                  }}
                >
                  {t('roles.delete')}
                </Button>
              </Group>
            )}
          </Stack>
        )}
      </DetailDrawer>
      {editing && <EditRole of={editing === 'new' ? undefined : editing} onClose={() => setEditing(undefined)} />}
      {deleting && (
        <ConfirmByName
          opened
          onClose={() => setDeleting(undefined)}
          title={t('roles.deleteTitle', { name: deleting.name })}
          name={deleting.slug}
          action={t('roles.deleteGo')}
          onConfirm={() => remove.mutate(deleting)}
          pending={remove.isPending}
          error={remove.error}
        >
          {t('roles.deleteText')}
        </ConfirmByName>
      )}
    </>
  );
}

function EditRole({ of, onClose }: { of: Role | undefined; onClose: () => void }) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const queries = useQueryClient();
  const once = useRef(onceKey());
  const mine = held(tenant.permissions);
  const [slug, setSlug] = useState(of?.slug ?? '');
  const [name, setName] = useState(of?.name ?? '');
  const [description, setDescription] = useState(of?.description ?? '');
  const [actions, setActions] = useState<string[]>(of?.actions ?? []);
  const save = useMutation({
    mutationFn: async () => {
      if (!of) {
        return call(
          api.POST('/api/v1/tenants/{tenant}/roles', {
            params: { path: { tenant: tenant.slug }, header: { 'Idempotency-Key': once.current } },
            body: { slug, name: name.trim(), description, actions },
          }),
        );
      }
      const path = { tenant: tenant.slug, role: of.slug };
      const { etag } = await versioned(api.GET('/api/v1/tenants/{tenant}/roles/{role}', { params: { path } }));
      return call(
        api.PUT('/api/v1/tenants/{tenant}/roles/{role}', {
          params: { path, header: { 'If-Match': etag } },
          body: { name: name.trim(), description, actions },
        }),
      );
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['roles', tenant.slug] });
      onClose();
    },
  });
  // What one does not hold oneself cannot be put into a role; what is in it already can stay.
  const offered = groupActions([...new Set([...mine, ...(of?.actions ?? [])])]);
  return (
    <Dialog
      opened
      onClose={onClose}
      title={of ? t('roles.changeTitle', { name: of.name }) : t('roles.create')}
      size="xl"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack>
          <TextInput
            label={t('name')}
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          {!of && (
            <TextInput
              label={t('roles.slug')}
              required
              pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
              maxLength={63}
              value={slug}
              onChange={(event) => setSlug(event.currentTarget.value)}
            />
          )}
          <Textarea
            label={t('roles.description')}
            maxLength={1000}
            autosize
            minRows={1}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Checkbox.Group
            label={t('roles.actions')}
            description={t('roles.actionsHint')}
            value={actions}
            onChange={setActions}
          >
            <SimpleGrid cols={{ base: 1, sm: 2 }} mt="sm" verticalSpacing="md">
              {offered.map(([group, names]) => (
                <Stack key={group} gap={6}>
                  {names.map((action) => (
                    <Checkbox
                      key={action}
                      value={action}
                      label={<code>{action}</code>}
                      disabled={!mine.includes(action)}
                    />
                  ))}
                </Stack>
              ))}
            </SimpleGrid>
          </Checkbox.Group>
          <ErrorNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={actions.length === 0 || !name.trim()}>
              {t('save', { ns: 'shared' })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
