import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, call, type Schema, versioned } from '@/api/client';

export type Key = Schema['Key'];

export const keysKey = (tenant: string) => ['keys', tenant] as const;

export const fetchKeys =
  (tenant: string, store: string | undefined) => (after: string | undefined, signal: AbortSignal) =>
    call(api.GET('/api/v1/tenants/{tenant}/keys', { params: { path: { tenant }, query: { store, after } }, signal }));

/** One key, for where the list is not there yet or has it on a later page. */
export const keyQuery = (tenant: string, key: string) =>
  queryOptions({
    queryKey: [...keysKey(tenant), 'one', key],
    queryFn: ({ signal }) =>
      call(api.GET('/api/v1/tenants/{tenant}/keys/{key}', { params: { path: { tenant, key } }, signal })),
    retry: false,
  });

/** What a key did in the last 24 hours: requests by hour, the last one last, and by what was asked. */
export interface Day {
  hours: number[];
  total: number;
  requests: [string, number][];
  addresses: string[];
  /** Requests by class of the answer, 2xx first. */
  statuses: [string, number][];
}

export function summarize(uses: Schema['KeyUse'][], now: number): Day {
  const hours = new Array<number>(24).fill(0);
  const by = new Map<string, number>();
  const addresses = new Set<string>();
  const statuses = new Map<string, number>();
  let total = 0;
  for (const use of uses) {
    // Hours of the clock: the one that runs now is the last bar.
    const hour = 23 - (Math.floor(now / 3_600_000) - Math.floor(Date.parse(use.begin) / 3_600_000));
    total += use.requests;
    if (hour >= 0 && hour < 24) hours[hour] = (hours[hour] ?? 0) + use.requests;
    for (const [what, { requests }] of Object.entries(use.resources)) by.set(what, (by.get(what) ?? 0) + requests);
    for (const [status, n] of Object.entries(use.statuses)) statuses.set(status, (statuses.get(status) ?? 0) + n);
    for (const address of use.addresses) addresses.add(address);
  }
  return {
    hours,
    total,
    requests: [...by].sort((a, b) => b[1] - a[1]),
    addresses: [...addresses].sort(),
    statuses: [...statuses].sort(([a], [b]) => a.localeCompare(b)),
  };
}

export const lastDayQuery = (tenant: string, key: string) =>
  queryOptions({
    queryKey: ['keys', tenant, key, 'last-day'],
    queryFn: async ({ signal }) => {
      // By the hour a day fits into one page.
      const params = { path: { tenant, key }, query: { by: 'hour' as const } };
      const { items } = await call(api.GET('/api/v1/tenants/{tenant}/keys/{key}/usage', { params, signal }));
      return summarize(items, Date.now());
    },
    gcTime: 0,
  });

/** The secret that a rotation replaced and that still works. */
export function retiring(key: Key, now: number): Schema['KeySecret'] | undefined {
  if (key.status !== 'active') return undefined;
  return key.secrets.slice(1).find((s) => s.expiresAt !== undefined && Date.parse(s.expiresAt) > now);
}

export const status = (key: Key, now: number) => (retiring(key, now) ? 'retiring' : key.status);

/** Scopes that take statements out in bulk; the server asks for statements.export too. */
export const bulk: readonly Schema['Scope'][] = ['statements/read', 'all/read', 'all'];
export const scopes: readonly Schema['Scope'][] = [
  'statements/write',
  'statements/read/mine',
  'statements/read',
  'state',
  'define',
  'profile',
  'all/read',
  'all',
];

/** Lines or commas of networks → their list. */
export const networks = (text: string) => text.split(/[\s,]+/).filter(Boolean);

export function useKeyChanges(tenant: string) {
  const queries = useQueryClient();
  const refetch = () => queries.invalidateQueries({ queryKey: keysKey(tenant) });
  return {
    refetch,
    // The list is fetched again only after the dialog of the secret is closed, and nothing keeps the secret (gcTime 0).
    create: useMutation({
      gcTime: 0,
      mutationFn: ({ store, body, once }: { store: string; body: Schema['NewKey']; once: string }) =>
        call(
          api.POST('/api/v1/tenants/{tenant}/keys', {
            params: { path: { tenant }, query: { store }, header: { 'Idempotency-Key': once } },
            body,
          }),
        ),
    }),
    rotate: useMutation({
      gcTime: 0,
      mutationFn: ({ key, graceMinutes, once }: { key: string; graceMinutes: number; once: string }) =>
        call(
          api.POST('/api/v1/tenants/{tenant}/keys/{key}/rotate', {
            params: { path: { tenant, key }, header: { 'Idempotency-Key': once } },
            body: { graceMinutes },
          }),
        ),
    }),
    revoke: useMutation({
      mutationFn: (key: string) =>
        call(api.POST('/api/v1/tenants/{tenant}/keys/{key}/revoke', { params: { path: { tenant, key } } })),
      onSuccess: refetch,
    }),
    change: useMutation({
      mutationFn: async ({ key, body }: { key: string; body: Schema['KeyChange'] }) => {
        const { etag } = await versioned(
          api.GET('/api/v1/tenants/{tenant}/keys/{key}', { params: { path: { tenant, key } } }),
        );
        return call(
          api.PATCH('/api/v1/tenants/{tenant}/keys/{key}', {
            params: { path: { tenant, key }, header: { 'If-Match': etag } },
            body,
          }),
        );
      },
      onSuccess: refetch,
    }),
  };
}
