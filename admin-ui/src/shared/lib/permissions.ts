import type { Schema } from '@/api/client';

type Permissions = Schema['Permissions'];

/** Actions that the pages ask for; the server's list is internal/authz/action.go. */
export type Action =
  | 'tenant.view'
  | 'tenant.edit'
  | 'statements.view'
  | 'statements.view_identity'
  | 'statements.export'
  | 'statements.void'
  | 'documents.view'
  | 'stores.view'
  | 'stores.manage'
  | 'keys.view'
  | 'keys.manage'
  | 'members.view'
  | 'members.manage'
  | 'roles.manage'
  | 'sso.view'
  | 'sso.manage'
  | 'audit.view'
  | 'audit.export'
  | 'billing.view'
  | 'tenants.view'
  | 'tenants.manage'
  | 'tenants.enter'
  | 'platform.view';

/** In that store or, without one, in the whole tenant. The server decides again in any case. */
export function permits(permissions: Permissions, action: Action, store?: string): boolean {
  return (
    permissions.tenant.includes(action) ||
    (store !== undefined && (permissions.stores[store]?.includes(action) ?? false))
  );
}

/** In the whole tenant or in one of its stores at least: whether a page has anything to show. */
export function permitsSomewhere(permissions: Permissions, action: Action): boolean {
  return (
    permissions.tenant.includes(action) || Object.values(permissions.stores).some((actions) => actions.includes(action))
  );
}

/** Every action that somebody has somewhere in the tenant, sorted. */
export function held(permissions: Permissions): string[] {
  return [...new Set([...permissions.tenant, ...Object.values(permissions.stores).flat()])].sort();
}
