import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, call, type Schema, versioned } from '@/api/client';

export type TenantRow = Schema['Tenant'];

export const tenantQuery = (tenant: string) =>
  queryOptions({
    queryKey: ['tenants', tenant],
    queryFn: ({ signal }) => versioned(api.GET('/api/v1/tenants/{tenant}', { params: { path: { tenant } }, signal })),
  });

/** How a tenant is used now; renewed while somebody looks. */
export const figuresQuery = (tenant: string) =>
  queryOptions({
    queryKey: ['tenants', tenant, 'figures'],
    queryFn: ({ signal }) =>
      call(api.GET('/api/v1/platform/tenants/{tenant}', { params: { path: { tenant } }, signal })),
    refetchInterval: 15_000,
  });

export function useTenantChanges() {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['tenants'] });
  const at = (tenant: string) => ({ params: { path: { tenant } } });
  return {
    create: useMutation({
      mutationFn: (body: Schema['NewTenant']) => call(api.POST('/api/v1/tenants', { body })),
      onSuccess,
    }),
    suspend: useMutation({
      mutationFn: (tenant: string) => call(api.POST('/api/v1/tenants/{tenant}/suspend', at(tenant))),
      onSuccess,
    }),
    resume: useMutation({
      mutationFn: (tenant: string) => call(api.POST('/api/v1/tenants/{tenant}/resume', at(tenant))),
      onSuccess,
    }),
    change: useMutation({
      mutationFn: ({ tenant, etag, body }: { tenant: string; etag: string; body: Schema['TenantChange'] }) =>
        call(
          api.PATCH('/api/v1/tenants/{tenant}', { params: { path: { tenant }, header: { 'If-Match': etag } }, body }),
        ),
      onSuccess,
    }),
    enter: useMutation({
      mutationFn: ({ tenant, body }: { tenant: string; body: Schema['NewEntry'] }) =>
        call(api.POST('/api/v1/tenants/{tenant}/entry', { ...at(tenant), body })),
      onSuccess: () => queries.invalidateQueries({ queryKey: ['me'] }),
    }),
  };
}
