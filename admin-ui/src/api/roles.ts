import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schema } from './client';

export type Role = Schema['Role'];

/** Every role of the tenant, built in or its own: there are few. */
export const rolesQuery = (tenant: string) =>
  queryOptions({
    queryKey: ['roles', tenant],
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET('/api/v1/tenants/{tenant}/roles', { params: { path: { tenant }, query: { limit: 1000 } }, signal }),
        )
      ).items,
  });
