import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

/** A page of a list, as the API answers it. */
export interface Page<T> {
  items: T[];
  next: string;
}

interface Options {
  enabled?: boolean;
  /** Milliseconds; refetches every page that is loaded. */
  refetchInterval?: number | false;
  gcTime?: number;
}

/** A keyset-paged list as one growing array: `after` is the cursor of the page before, undefined at first. */
export function usePages<T, P extends Page<T> = Page<T>>(
  queryKey: QueryKey,
  fetchPage: (after: string | undefined, signal: AbortSignal) => Promise<P & Page<T>>,
  options: Options = {},
) {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next || undefined,
    ...options,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return { ...query, rows, first: query.data?.pages[0] };
}

export type Pages<T> = Pick<
  ReturnType<typeof usePages<T>>,
  'rows' | 'error' | 'isPending' | 'isFetchingNextPage' | 'hasNextPage' | 'fetchNextPage' | 'refetch'
>;
