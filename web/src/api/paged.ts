import { useInfiniteQuery, type UseInfiniteQueryResult } from '@tanstack/react-query';
import type { Page } from './types';

/** A list that comes in pages, the newest first, flattened into what was read so far. */
export interface Paged<T> { items: T[]; query: UseInfiniteQueryResult }

export function usePaged<T>(key: readonly unknown[], read: (cursor: string) => Promise<Page<T>>, enabled = true): Paged<T> {
  const query = useInfiniteQuery({ queryKey: key, enabled, initialPageParam: '', queryFn: ({ pageParam }) => read(pageParam), getNextPageParam: (last) => last.next || undefined });
  return { items: query.data?.pages.flatMap((p) => p.items) ?? [], query };
}
