import type { PageQuery } from './page-query.dto.js';

export interface Page<T> {
  data: T[];
  /** Null on the last page. */
  nextCursor: string | null;
}

/**
 * The Prisma arguments of one page: keyset over the time-ordered id, and one row more than asked, which tells whether
 * there is a next page.
 */
export function pageArgs(query: PageQuery): { orderBy: { id: 'desc' }; take: number; where: { id?: { lt: string } } } {
  return { orderBy: { id: 'desc' }, take: query.limit + 1, where: query.cursor ? { id: { lt: query.cursor } } : {} };
}

/** Makes the answer from the rows that `pageArgs` fetched; the cursor is the last id shown. */
export function toPage<R extends { id: string }, T>(rows: R[], query: PageQuery, present: (row: R) => T): Page<T> {
  const shown = rows.slice(0, query.limit);
  return {
    data: shown.map(present),
    nextCursor: rows.length > query.limit ? (shown.at(-1)?.id ?? null) : null,
  };
}
