import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, call } from '@/api/client';
import { useCan, useTenant } from './tenant';

/** Of more people than this the others keep their addresses: each is asked for by itself. */
const most = 25;

/**
 * The names of members as they are now, by actor ids (member:h4k2m9q0) or bare ones. Who has no name,
 * was removed or may not be seen is left out.
 */
export function useMemberNames(ids: readonly string[]): ReadonlyMap<string, string> {
  const tenant = useTenant();
  const seen = useCan()('members.view');
  const members = seen ? [...new Set(ids.map(bare))].slice(0, most) : [];
  const found = useQueries({
    queries: members.map((member) => ({
      queryKey: ['member-name', tenant.slug, member],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (
          await call(
            api.GET('/api/v1/tenants/{tenant}/members/{member}', {
              params: { path: { tenant: tenant.slug, member } },
              signal,
            }),
          )
        ).name,
      staleTime: 600_000,
      retry: false,
    })),
    combine: (results) => results.map((result) => result.data ?? '').join('\n'),
  });
  const key = members.join(' ');
  return useMemo(() => {
    const names = found.split('\n');
    return new Map(
      key
        .split(' ')
        .map((member, i): [string, string] => [member, names[i] ?? ''])
        .filter(([, name]) => name !== ''),
    );
  }, [key, found]);
}

/** member:h4k2m9q0 → h4k2m9q0 */
export const bare = (id: string) => id.replace(/^member:/, '');
