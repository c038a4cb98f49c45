import { useState } from 'react';
import { useInfiniteQuery } from '@tanstack/react-query';

export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

export interface Pages<T> {
  /** Undefined until the first page is there. */
  rows: T[] | undefined;
  /** From 1. */
  page: number;
  error: Error | null;
  retry: () => void;
  isLoading: boolean;
  /** Null where there is no such page. */
  showNext: (() => void) | null;
  showPrevious: (() => void) | null;
}

/**
 * A list of the API page by page, by its cursors. What was shown once is there at once on the way back.
 * @param key names the list with its filters; another one begins at the first page.
 */
export function usePages<T>(key: readonly unknown[], fetchPage: (cursor?: string) => Promise<Page<T>>): Pages<T> {
  const name = JSON.stringify(key);
  const [shown, setShown] = useState({ name, index: 0 });
  const index = shown.name === name ? shown.index : 0;
  const query = useInfiniteQuery({
    queryKey: [...key],
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const pages = query.data?.pages ?? [];
  const show = (to: number): void => setShown({ name, index: to });
  const next = async (): Promise<void> => {
    if (index + 1 === pages.length && (await query.fetchNextPage()).isFetchNextPageError) return;
    show(index + 1);
  };
  return {
    rows: pages[index]?.data,
    page: index + 1,
    error: query.error,
    retry: () => void (query.isFetchNextPageError ? next() : query.refetch()),
    isLoading: query.isPending || query.isFetchingNextPage,
    showNext: pages[index]?.nextCursor ? () => void next() : null,
    showPrevious: index > 0 ? () => show(index - 1) : null,
  };
}
