import type { LinkProps } from '@tanstack/react-router';
import {
  Building2,
  Database,
  House,
  KeyRound,
  ListTree,
  type LucideIcon,
  ScrollText,
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
  name: 'home' | 'statements' | 'learners' | 'keys' | 'members' | 'sso' | 'audit' | 'stores' | 'settings' | 'tenants' | 'system';
  to: LinkProps['to'];
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
      { name: 'tenants', to: '/operator/tenants', icon: Building2, needs: 'tenants.view', key: 't', platform: true },
      { name: 'system', to: '/operator/system', icon: Server, needs: 'platform.view', platform: true },
    ],
  },
  {
    name: 'insight',
    items: [
      { name: 'home', to: '/t/$tenant/home', icon: House, needs: 'tenant.view', key: 'd', platform: false },
      { name: 'statements', to: '/t/$tenant/statements', icon: ListTree, needs: 'statements.view', key: 's' },
      { name: 'learners', to: '/t/$tenant/learners', icon: UserSearch, needs: 'statements.view', key: 'l' },
    ],
  },
  {
    name: 'manage',
    items: [
      { name: 'keys', to: '/t/$tenant/keys', icon: KeyRound, needs: 'keys.view', key: 'k' },
      { name: 'stores', to: '/t/$tenant/stores', icon: Database, needs: 'stores.view' },
      { name: 'members', to: '/t/$tenant/members', icon: Users, needs: 'members.view', key: 'm' },
      { name: 'sso', to: '/t/$tenant/sso', icon: ShieldCheck, needs: 'sso.view' },
      { name: 'audit', to: '/t/$tenant/audit', icon: ScrollText, needs: 'audit.view', key: 'a' },
      { name: 'settings', to: '/t/$tenant/settings', icon: Settings, needs: 'tenant.view' },
    ],
  },
];

/** What somebody sees in the navigation: what their permissions open; the rest does not exist for them. */
export function navigation(tenant: Tenant): Group[] {
  const shows = (d: Destination) =>
    (d.platform === undefined || d.platform === tenant.platform) && permitsSomewhere(tenant.permissions, d.needs);
  return groups.map((g) => ({ ...g, items: g.items.filter(shows) })).filter((g) => g.items.length > 0);
}
