import { queryOptions } from '@tanstack/react-query';
import { api, call } from './client';

/** Every store that one sees: there are few, and many pages ask for one of them. */
export const storesQuery = (tenant: string) =>
  queryOptions({
    queryKey: ['stores', tenant, 'all'],
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET('/api/v1/tenants/{tenant}/stores', { params: { path: { tenant }, query: { limit: 1000 } }, signal }),
        )
      ).items,
    staleTime: 60_000,
  });
