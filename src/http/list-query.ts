import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsOptional, Matches } from 'class-validator';
import { firstIdAt, type IdKind } from '../common/ids.js';
import { LIST_FORMATS, type ListFormat } from './download.js';
import { PageQuery, type Page } from './pagination.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const DATE_LENGTH = 'yyyy-mm-dd'.length;
/** Of what ISO 8601 knows, what JavaScript reads: no weeks, no days of a year. */
const DATE_OR_MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/;
/** The last moment that an id can tell: it has 48 bits for it. */
const ID_MS_MAX = 2 ** 48 - 1;

/** Rows per query of a file. */
const BATCH_SIZE = 1000;

/** An optional bound of a range of time in a query. */
export const DateOrMoment = () =>
  applyDecorators(
    IsOptional(),
    Matches(DATE_OR_MOMENT, { message: 'must be a date or a moment such as 2026-12-01 or 2026-12-01T06:00:00Z' }),
    IsISO8601({ strict: true }),
  );

/** An optional filter by currency. */
export const CurrencyFilter = () =>
  applyDecorators(IsOptional(), Matches(/^[a-z]{3}$/, { message: 'must be a lower-case ISO 4217 code such as usd' }));

/** Query of a list that is also handed out as a file. */
export class FileListQuery extends PageQuery {
  @ApiPropertyOptional({
    enum: LIST_FORMATS,
    default: 'json',
    description: '`csv` for a file with all that match, whatever `limit` and `cursor` say.',
  })
  @IsOptional()
  @IsIn(LIST_FORMATS)
  format: ListFormat = 'json';
}

/** The same of things that are asked for by when they were made. */
export class DatedListQuery extends FileListQuery {
  @ApiPropertyOptional({ description: 'Made at or after this date or moment (ISO 8601, UTC).' })
  @DateOrMoment()
  from?: string;

  @ApiPropertyOptional({
    description: 'Made at or before this date or moment (ISO 8601, UTC); a date includes its whole day.',
  })
  @DateOrMoment()
  to?: string;
}

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

/** All that a list holds, read page by page: memory does not grow with it. */
export async function* allOf<T>(
  readPage: (query: { limit: number; cursor: string | undefined }) => Promise<Page<T>>,
): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page: Page<T> = await readPage({ limit: BATCH_SIZE, cursor });
    yield* page.data;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
