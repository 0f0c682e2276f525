import { Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { rolesQuery } from '@/api/roles';
import { storesQuery } from '@/api/stores';
import { held } from '@/shared/lib/permissions';
import { useTenant } from '@/shared/lib/tenant';
import { endOfDay } from '@/shared/lib/time-range';

export interface GrantChoice {
  role: string;
  store: string;
  expires: string;
}

export const noChoice: GrantChoice = { role: '', store: '', expires: '' };

/** A choice as the API wants it; the role goes on to the end of the day that was chosen, in the tenant's zone. */
export function asGrant({ role, store, expires }: GrantChoice, zone: string): Schema['NewGrant'] {
  return {
    role,
    ...(store && { store }),
    ...(expires && { expiresAt: endOfDay(expires, zone) }),
  };
}

/** Which role, where, until when. Roles that hold more than one holds oneself cannot be given, and say so. */
export function GrantFields({
  value,
  onChange,
  optional,
}: {
  value: GrantChoice;
  onChange: (value: GrantChoice) => void;
  optional?: boolean;
}) {
  const { t } = useTranslation('members');
  const tenant = useTenant();
  const roles = useQuery(rolesQuery(tenant.slug));
  const stores = useQuery(storesQuery(tenant.slug));
  const mine = held(tenant.permissions);
  return (
    <>
      <Select
        label={t('roles.role')}
        description={roles.data?.find((r) => r.slug === value.role)?.description ?? t('roles.roleHint')}
        data={(roles.data ?? []).map((r) => ({
          value: r.slug,
          label: r.name,
          disabled: r.actions.some((a) => !mine.includes(a)),
        }))}
        value={value.role || null}
        onChange={(role) => onChange({ ...value, role: role ?? '' })}
        required={!optional}
        clearable={optional}
        clearButtonProps={{ 'aria-label': t('roles.noRole') }}
        error={roles.error ? roles.error.message : undefined}
      />
      <Select
        label={t('where')}
        data={[
          { value: '', label: t('wholeTenant') },
          ...(stores.data ?? []).map((s) => ({ value: s.slug, label: s.name })),
        ]}
        value={value.store}
        onChange={(store) => onChange({ ...value, store: store ?? '' })}
        allowDeselect={false}
      />
      <TextInput
        type="date"
        label={t('until')}
        description={t('untilHint')}
        value={value.expires}
        onChange={(event) => onChange({ ...value, expires: event.currentTarget.value })}
      />
    </>
  );
}
