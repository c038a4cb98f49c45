import { heardLater } from '../common/heard-later.js';
import { firstIdAt, type IdKind } from '../common/ids.js';
import type { DatedListQuery } from './list-query.dto.js';
import type { Page } from './pagination.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const DATE_LENGTH = 'yyyy-mm-dd'.length;
/** The last moment that an id can tell: it has 48 bits for it. */
const ID_MS_MAX = 2 ** 48 - 1;

/** Rows per query of a file. */
const BATCH_SIZE = 1000;

/** The ids of what was made in a range of time: ids begin with their time, so the index that sorts a list bounds it, too. */
export function idsMadeIn(
  kind: IdKind,
  { from, to }: Pick<DatedListQuery, 'from' | 'to'>,
): { gte?: string; lt?: string } {
  const idAt = (at: Date): string => firstIdAt(kind, new Date(Math.min(Math.max(at.getTime(), 0), ID_MS_MAX)));
  return {
    ...(from !== undefined && { gte: idAt(new Date(from)) }),
    ...(to !== undefined && { lt: idAt(endOfRange(to)) }),
  };
}

/** The first moment after a range that includes `to`: a date stands for its whole UTC day. */
export function endOfRange(to: string): Date {
  return new Date(new Date(to).getTime() + (to.length === DATE_LENGTH ? DAY_MS : 1));
}

/**
 * All that a list holds, read page by page: memory does not grow with it. A page is read while the one before is written,
 * so that neither the database nor who writes waits for the other.
 */
export async function* allOf<T>(
  readPage: (query: { limit: number; cursor: string | undefined }) => Promise<Page<T>>,
): AsyncGenerator<T> {
  const read = (cursor?: string): Promise<Page<T>> => heardLater(readPage({ limit: BATCH_SIZE, cursor }));
  let next: Promise<Page<T>> | null = read();
  while (next) {
    const { data, nextCursor }: Page<T> = await next;
    next = nextCursor === null ? null : read(nextCursor);
    yield* data;
  }
}
