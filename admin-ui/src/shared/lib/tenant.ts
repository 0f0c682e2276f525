import { createContext, useContext, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { type Format, makeFormat } from './format';
import { type Action, permits, permitsSomewhere } from './permissions';

/** The tenant whose pages are shown, and what the one who looks may do there. */
export interface Tenant {
  slug: string;
  name: string;
  platform: boolean;
  timeZone: string;
  permissions: Schema['Permissions'];
  /** The member that looks; absent for an operator who is inside. */
  member?: string;
  /** The operator's own entry, when inside. */
  entry?: Schema['Entry'];
  operatorsInside: number;
}

export const TenantContext = createContext<Tenant | undefined>(undefined);

export function useTenant(): Tenant {
  const tenant = useContext(TenantContext);
  if (!tenant) throw new Error('useTenant outside of a tenant');
  return tenant;
}

/** Whether something is permitted: in a store, or without one in the whole tenant. */
export function useCan(): (action: Action, store?: string) => boolean {
  const { permissions } = useTenant();
  return (action, store) => permits(permissions, action, store);
}

/** Whether something is permitted in some store at least. */
export function useCanSomewhere(): (action: Action) => boolean {
  const { permissions } = useTenant();
  return (action) => permitsSomewhere(permissions, action);
}

/** Formats in the chosen language and the tenant's time zone; outside of a tenant, the browser's. */
export function useFormat(): Format {
  const tenant = useContext(TenantContext);
  const { i18n } = useTranslation();
  const zone = tenant?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return useMemo(() => makeFormat(i18n.language, zone), [i18n.language, zone]);
}
