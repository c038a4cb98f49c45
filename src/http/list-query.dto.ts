import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsOptional, Matches } from 'class-validator';
import { LIST_FORMATS, type ListFormat } from './download.js';
import { PageQuery } from './page-query.dto.js';

/** Of what ISO 8601 knows, what JavaScript reads: no weeks, no days of a year. */
const DATE_OR_MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/;
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
