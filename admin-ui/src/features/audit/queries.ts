import { useMutation } from '@tanstack/react-query';
import { api, call, type Schema } from '@/api/client';
import { ApiError } from '@/api/problem';
import { instant } from '@/shared/lib/time-range';

export type Event = Schema['AuditEvent'];
export type Proof = Schema['Proof'];

export interface AuditFilters {
  actor?: string;
  action?: string;
  target?: string;
  session?: string;
  outcome?: 'success' | 'denied' | 'failure';
  text?: string;
  since?: string;
  until?: string;
}

/** Filters of the URL as the API wants them: times as instants, days as those of the zone, nothing that is empty. */
export function asked(search: AuditFilters, zone: string, now: number = Date.now()): AuditFilters {
  const { actor, action, target, session, outcome, text, since, until } = search;
  const all = {
    actor,
    action,
    target,
    session,
    outcome,
    text,
    since: since && instant(since, zone, now),
    until: until && instant(until, zone, now),
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

export type Verification = Schema['Verification'];

/** Each line of an answer that comes line by line; the last may lack its end. */
export async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const parts = (rest + (value ?? '')).split('\n');
    rest = done ? '' : (parts.pop() ?? '');
    yield* parts.filter((line) => line.trim() !== '');
    if (done) return;
  }
}

/** Verifies the whole chain; says how far it is. An answer without its last line is a failure, not a success. */
export function useVerify(tenant: string, onProgress: (progress: Verification) => void) {
  return useMutation({
    mutationFn: async () => {
      const body = await call(
        api.POST('/api/v1/tenants/{tenant}/audit/verify', { params: { path: { tenant } }, parseAs: 'stream' }),
      );
      for await (const line of lines(body as ReadableStream<Uint8Array<ArrayBuffer>>)) {
        const verification = JSON.parse(line) as Verification;
        if (verification.done) return verification;
        onProgress(verification);
      }
      throw new ApiError({}, 0);
    },
  });
}

export function exportUrl(tenant: string, filters: AuditFilters, format: 'csv' | 'ndjson'): string {
  return `/api/v1/tenants/${encodeURIComponent(tenant)}/audit/export?${new URLSearchParams({ ...(filters as Record<string, string>), format })}`;
}
