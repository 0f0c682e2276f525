import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, call, type Schema, versioned } from '@/api/client';

export type Stream = Schema['Stream'];

export const streamsKey = (tenant: string) => ['streams', tenant] as const;

export const fetchStreams = (tenant: string) => (after: string | undefined, signal: AbortSignal) =>
  call(api.GET('/api/v1/tenants/{tenant}/audit/streams', { params: { path: { tenant }, query: { after } }, signal }));

export function useStreamChanges(tenant: string) {
  const queries = useQueryClient();
  const refetch = () => queries.invalidateQueries({ queryKey: streamsKey(tenant) });
  const version = async (stream: string) =>
    (
      await versioned(
        api.GET('/api/v1/tenants/{tenant}/audit/streams/{stream}', { params: { path: { tenant, stream } } }),
      )
    ).etag;
  return {
    refetch,
    // As of keys: nothing keeps a secret, and the list is fetched again once its dialog is closed.
    create: useMutation({
      gcTime: 0,
      mutationFn: ({ body, once }: { body: Schema['NewStream']; once: string }) =>
        call(
          api.POST('/api/v1/tenants/{tenant}/audit/streams', {
            params: { path: { tenant }, header: { 'Idempotency-Key': once } },
            body,
          }),
        ),
    }),
    rotate: useMutation({
      gcTime: 0,
      mutationFn: ({ stream, once }: { stream: string; once: string }) =>
        call(
          api.POST('/api/v1/tenants/{tenant}/audit/streams/{stream}/rotate', {
            params: { path: { tenant, stream }, header: { 'Idempotency-Key': once } },
          }),
        ),
    }),
    change: useMutation({
      mutationFn: async ({ stream, body }: { stream: string; body: Schema['StreamChange'] }) =>
        call(
          api.PATCH('/api/v1/tenants/{tenant}/audit/streams/{stream}', {
            params: { path: { tenant, stream }, header: { 'If-Match': await version(stream) } },
            body,
          }),
        ),
      onSuccess: refetch,
    }),
    remove: useMutation({
      mutationFn: async (stream: string) =>
        call(
          api.DELETE('/api/v1/tenants/{tenant}/audit/streams/{stream}', {
            params: { path: { tenant, stream }, header: { 'If-Match': await version(stream) } },
          }),
        ),
      onSuccess: refetch,
    }),
  };
}
