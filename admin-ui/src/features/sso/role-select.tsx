import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { rolesQuery } from '@/api/roles';
import { useCan, useTenant } from '@/shared/lib/tenant';

interface Props {
  label: string;
  description?: string;
  value: string;
  onChange: (role: string) => void;
  required?: boolean;
  disabled?: boolean;
}

/** One of the tenant's roles by its name; a role that is gone since, or may not be listed, stays as its short name. */
export function RoleSelect({ value, onChange, required, ...rest }: Props) {
  const { t } = useTranslation('sso');
  const tenant = useTenant();
  const can = useCan();
  const roles = useQuery({ ...rolesQuery(tenant.slug), enabled: can('members.view') });
  const known = (roles.data ?? []).map(({ slug, name }) => ({ value: slug, label: name }));
  if (value && !known.some((role) => role.value === value)) known.push({ value, label: value });
  return (
    <Select
      {...rest}
      data={known}
      value={value || null}
      onChange={(role) => onChange(role ?? '')}
      required={required}
      clearable={!required}
      clearButtonProps={{ 'aria-label': t('noRole') }}
      nothingFoundMessage={t('noRoles')}
      error={roles.error ? roles.error.message : undefined}
    />
  );
}
