import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schema } from '@/api/client';
import type { Tenant } from '@/shared/lib/tenant';

type Me = Schema['Me'];

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => call(api.GET('/api/v1/me', { signal })),
  staleTime: 30_000,
  // Permissions change under somebody who stays; the server would refuse, the page should know.
  refetchInterval: 60_000,
});

/** The tenant of that slug as me may use it: signed in, or entered as an operator. */
export function tenantOf(me: Me, slug: string): Tenant | undefined {
  const signIn = me.signIns.find((s) => s.tenant === slug);
  if (signIn) {
    return {
      slug,
      name: signIn.tenantName,
      platform: signIn.platform,
      timeZone: signIn.timeZone,
      permissions: signIn.permissions,
      member: signIn.member,
      operatorsInside: signIn.operatorsInside,
    };
  }
  const inside = me.entered.find((e) => e.tenant === slug);
  if (!inside) return undefined;
  return {
    slug,
    name: inside.tenantName,
    platform: false,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    permissions: inside.permissions,
    entry: inside.entry,
    operatorsInside: 0,
  };
}

const last = 'stoa.tenant';

export function rememberTenant(slug: string): void {
  localStorage.setItem(last, slug);
}

/** Where somebody begins: the tenant used last, else the first; an operator, at the list of tenants. */
export function firstTenant(me: Me): Tenant | undefined {
  const slugs = [
    localStorage.getItem(last) ?? '',
    ...me.signIns.map((s) => s.tenant),
    ...me.entered.map((e) => e.tenant),
  ];
  for (const slug of slugs) {
    const tenant = tenantOf(me, slug);
    if (tenant) return tenant;
  }
  return undefined;
}

/** Where the server takes over: the sign-in of a tenant or of an e-mail address's domain. */
export function signInUrl(who: { tenant: string } | { email: string }, returnTo: string): string {
  return `/auth/sign-in?${new URLSearchParams({ ...who, return_to: returnTo })}`;
}

/** A path of this console to come back to; anything else is dropped, so that no link leads elsewhere. */
export function safeReturn(path: string | undefined): string {
  if (path === undefined || !/^\/admin(\/|$|\?)/.test(path) || path.includes('\\')) return '/admin/';
  return path;
}

/** Ends the session here and, where the provider can, there: the address to go to. */
export async function signOut(): Promise<string> {
  const answer = await call(api.POST('/auth/sign-out', {}));
  return answer.url || '/admin/sign-in';
}
