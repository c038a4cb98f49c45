import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

/** Query of every list: `?limit=&cursor=`, newest first. Lists with filters extend it. */
export class PageQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 20,
    description: 'How many objects to return.',
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;

  @ApiPropertyOptional({ description: '`nextCursor` of the page before.' })
  @IsOptional()
  @Matches(/^[a-z]{2,4}_[0-9a-z]{1,26}$/, { message: 'cursor must be the nextCursor of an earlier answer' })
  cursor?: string;
}

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
