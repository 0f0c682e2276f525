import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api, call } from '@/api/client';
import { asApiError } from '@/api/problem';
import { type Filters, fetchStatements, type Row } from '@/api/statements';

export const statementsKey = (tenant: string, store: string) => ['statements', tenant, store] as const;

export const statementQuery = (tenant: string, store: string, statement: string) =>
  queryOptions({
    queryKey: [...statementsKey(tenant, store), 'one', statement],
    queryFn: ({ signal }) =>
      call(
        api.GET('/api/v1/tenants/{tenant}/stores/{store}/statements/{statement}', {
          params: { path: { tenant, store, statement } },
          signal,
        }),
      ),
    retry: false,
    // Looking is counted and recorded: once is enough.
    staleTime: 300_000,
  });

/** What voided a statement; asked only about one that is voided. */
export const voidedByQuery = (tenant: string, store: string, statement: string) =>
  queryOptions({
    queryKey: [...statementsKey(tenant, store), 'voided-by', statement],
    queryFn: ({ signal }) =>
      call(
        api.GET('/api/v1/tenants/{tenant}/stores/{store}/statements/{statement}/voided-by', {
          params: { path: { tenant, store, statement } },
          signal,
        }),
      ),
    retry: false,
    staleTime: 300_000,
  });

export const relatedPage =
  (tenant: string, store: string, statement: string) => (after: string | undefined, signal: AbortSignal) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/stores/{store}/statements/{statement}/related', {
        params: { path: { tenant, store, statement }, query: { after } },
        signal,
      }),
    );

/** The first of those stores that has the statement; undefined when none has. */
export const elsewhereQuery = (tenant: string, stores: string[], statement: string) =>
  queryOptions({
    queryKey: ['statements', tenant, 'elsewhere', statement, ...stores],
    queryFn: async ({ signal }) => {
      for (const store of stores.slice(0, 20)) {
        try {
          await call(
            api.GET('/api/v1/tenants/{tenant}/stores/{store}/statements/{statement}', {
              params: { path: { tenant, store, statement } },
              signal,
            }),
          );
          return store;
        } catch (error) {
          if (asApiError(error).status !== 404) throw error;
        }
      }
      return null;
    },
    retry: false,
    staleTime: 60_000,
  });

export function useVoid(tenant: string, store: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ statement, reason }: { statement: string; reason: string }) =>
      call(
        api.POST('/api/v1/tenants/{tenant}/stores/{store}/statements/{statement}/void', {
          params: { path: { tenant, store, statement } },
          body: { reason },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: statementsKey(tenant, store) }),
  });
}

/** Newer rows first, each once; at most 2,000, so that a tab left open for a night stays small. */
export function merge(fresh: readonly Row[], rows: readonly Row[]): Row[] {
  const seen = new Set<string>();
  const all: Row[] = [];
  for (const row of [...fresh, ...rows]) {
    if (seen.has(row.id)) continue;
    seen.add(row.id);
    all.push(row);
  }
  return all;
}

/**
 * Statements stored since the newest that is shown, asked for every two seconds while `on`. Where more are
 * stored in two seconds than one answer holds, the newest are shown, and `gap` says that some are not.
 */
export function useLiveTail(tenant: string, store: string, filters: Filters, newest: string | undefined, on: boolean) {
  const [fresh, setFresh] = useState<Row[]>([]);
  const [gap, setGap] = useState(false);
  const key = JSON.stringify([tenant, store, filters]);
  const of = useRef(key);
  const was = useRef(on);
  const queries = useQueryClient();
  const since = fresh[0]?.stored ?? newest ?? filters.since;
  const tail = useQuery({
    queryKey: ['live', key],
    queryFn: ({ signal }) => fetchStatements(tenant, store, { ...filters, since })(undefined, signal),
    enabled: on,
    refetchInterval: 2000,
    gcTime: 0,
    structuralSharing: false,
  });
  useEffect(() => {
    if (of.current === key && on) return;
    of.current = key;
    setFresh([]);
    setGap(false);
  }, [key, on]);
  // What arrived belongs to the list from then on: it is fetched anew, with what could not be followed.
  useEffect(() => {
    if (was.current && !on) void queries.resetQueries({ queryKey: [...statementsKey(tenant, store), 'list'] });
    was.current = on;
  }, [on, queries, tenant, store]);
  useEffect(() => {
    const { items = [], next } = tail.data ?? {};
    if (items.length === 0) return;
    // More came since the last look than one answer holds, and only the newest of it.
    if (next) setGap(true);
    setFresh((old) => merge(items, old).slice(0, 2000));
  }, [tail.data]);
  return { fresh, gap, error: on ? tail.error : null };
}
