import {
  Building2,
  ChartColumn,
  Database,
  House,
  KeyRound,
  ListTree,
  type LucideIcon,
  ScrollText,
  Send,
  Server,
  Settings,
  ShieldCheck,
  UserSearch,
  Users,
} from 'lucide-react';
import { type Action, permitsSomewhere } from '@/shared/lib/permissions';
import type { Tenant } from '@/shared/lib/tenant';

export interface Destination {
  /** Its word is nav.<name> in shell.json. */
  name:
    | 'home'
    | 'statements'
    | 'learners'
    | 'keys'
    | 'members'
    | 'sso'
    | 'audit'
    | 'stores'
    | 'settings'
    | 'usage'
    | 'streams'
    | 'tenants'
    | 'tenantsUsage'
    | 'tenantsAudit'
    | 'system';
  /** Path below the tenant's, or of the operator's pages. */
  path: string;
  icon: LucideIcon;
  needs: Action;
  /** Second key after g. */
  key?: string;
  /** Of the platform only, or of clients only. */
  platform?: boolean;
}

export interface Group {
  name: 'operate' | 'insight' | 'manage';
  items: Destination[];
}

const groups: Group[] = [
  {
    name: 'operate',
    items: [
      { name: 'tenants', path: '/operator/tenants', icon: Building2, needs: 'tenants.view', key: 't', platform: true },
      { name: 'tenantsUsage', path: '/operator/usage', icon: ChartColumn, needs: 'tenants.view', platform: true },
      { name: 'tenantsAudit', path: '/operator/audit', icon: ScrollText, needs: 'audit.view', platform: true },
      { name: 'system', path: '/operator/system', icon: Server, needs: 'platform.view', platform: true },
    ],
  },
  {
    name: 'insight',
    items: [
      { name: 'home', path: 'home', icon: House, needs: 'tenant.view', key: 'd', platform: false },
      { name: 'statements', path: 'statements', icon: ListTree, needs: 'statements.view', key: 's' },
      { name: 'learners', path: 'learners', icon: UserSearch, needs: 'statements.view', key: 'l' },
    ],
  },
  {
    name: 'manage',
    items: [
      { name: 'keys', path: 'keys', icon: KeyRound, needs: 'keys.view', key: 'k' },
      { name: 'stores', path: 'stores', icon: Database, needs: 'stores.view' },
      { name: 'members', path: 'members', icon: Users, needs: 'members.view', key: 'm' },
      { name: 'sso', path: 'sso', icon: ShieldCheck, needs: 'sso.view' },
      { name: 'audit', path: 'audit', icon: ScrollText, needs: 'audit.view', key: 'a' },
      { name: 'streams', path: 'streams', icon: Send, needs: 'audit.export' },
      { name: 'usage', path: 'usage', icon: ChartColumn, needs: 'billing.view', platform: false },
      { name: 'settings', path: 'settings', icon: Settings, needs: 'tenant.view' },
    ],
  },
];

/** What somebody sees in the navigation: what their permissions open; the rest does not exist for them. */
export function navigation(tenant: Tenant): Group[] {
  const shows = (d: Destination) =>
    (d.platform === undefined || d.platform === tenant.platform) && permitsSomewhere(tenant.permissions, d.needs);
  return groups.map((g) => ({ ...g, items: g.items.filter(shows) })).filter((g) => g.items.length > 0);
}

/** Where a destination is, for that tenant. */
export const hrefOf = (destination: Destination, tenant: Tenant): string =>
  destination.path.startsWith('/') ? destination.path : `/t/${tenant.slug}/${destination.path}`;

export const homeOf = (tenant: Pick<Tenant, 'slug' | 'platform'>): string =>
  tenant.platform ? '/operator/tenants' : `/t/${tenant.slug}/home`;
