import { useMutation } from '@tanstack/react-query';
import { api, call, type Schema } from '@/api/client';
import { instant } from '@/shared/lib/time-range';

export type Event = Schema['AuditEvent'];
export type Proof = Schema['Proof'];

export interface AuditFilters {
  actor?: string;
  action?: string;
  target?: string;
  outcome?: 'success' | 'denied' | 'failure';
  text?: string;
  since?: string;
  until?: string;
}

/** Filters of the URL as the API wants them: times as instants, nothing that is empty. */
export function asked(search: AuditFilters, now: number = Date.now()): AuditFilters {
  const { actor, action, target, outcome, text, since, until } = search;
  const all = {
    actor,
    action,
    target,
    outcome,
    text,
    since: since && instant(since, now),
    until: until && instant(until, now),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value));
}

export const fetchEvents =
  (tenant: string, filters: AuditFilters) => (after: string | undefined, signal: AbortSignal) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/audit', { params: { path: { tenant }, query: { ...filters, after } }, signal }),
    );

export const fetchEvent = (tenant: string, event: string, signal: AbortSignal) =>
  call(api.GET('/api/v1/tenants/{tenant}/audit/events/{event}', { params: { path: { tenant, event } }, signal }));

export const fetchProof = (tenant: string, event: string, signal: AbortSignal) =>
  call(api.GET('/api/v1/tenants/{tenant}/audit/events/{event}/proof', { params: { path: { tenant, event } }, signal }));

export const useVerify = (tenant: string) =>
  useMutation({
    mutationFn: () =>
      call(api.POST('/api/v1/tenants/{tenant}/audit/verify', { params: { path: { tenant } }, body: {} })),
  });

export function exportUrl(tenant: string, filters: AuditFilters, format: 'csv' | 'ndjson'): string {
  return `/api/v1/tenants/${encodeURIComponent(tenant)}/audit/export?${new URLSearchParams({ ...(filters as Record<string, string>), format })}`;
}
