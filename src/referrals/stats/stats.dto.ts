import { IsIn, IsISO8601, IsOptional, Matches } from 'class-validator';

const DATE_FORM = /^\d{4}-\d{2}-\d{2}$/;
const DATE_MESSAGE = { message: 'must be a date such as 2026-12-01' };

export type StatsInterval = 'day' | 'month';

export class StatsQuery {
  /** First day, UTC. 29 days before `to` when not given. */
  @IsOptional()
  @Matches(DATE_FORM, DATE_MESSAGE)
  @IsISO8601({ strict: true }, DATE_MESSAGE)
  from?: string;

  /** Last day, included, UTC. Today when not given. */
  @IsOptional()
  @Matches(DATE_FORM, DATE_MESSAGE)
  @IsISO8601({ strict: true }, DATE_MESSAGE)
  to?: string;

  @IsOptional()
  @IsIn(['day', 'month'])
  interval: StatsInterval = 'day';

  /** `previous`: also the range of the same length right before. */
  @IsOptional()
  @IsIn(['previous'])
  compare?: 'previous';
}

export class StatsCountsDto {
  clicks!: number;
  /**
   * First clicks of a visitor on a UTC day. A visitor is an address (IPv6: its /64) with a user agent; a click that was
   * reported without an address counts as a visitor of its own.
   */
  uniqueClicks!: number;
  /** Referrals, by the day of the signup. */
  signups!: number;
  /** Referrals whose first paid invoice fell on the day. */
  conversions!: number;
}

/** Since ever. */
export class StatsInAllDto {
  clicks!: number;
  uniqueClicks!: number;
  /** Referrals. */
  signups!: number;
  /** Referrals that pay now. */
  payingCustomers!: number;
  /** signups ÷ uniqueClicks, a ratio; 0 without clicks. Above 1 when signups came by code alone. */
  conversionRate!: number;
}

export class StatsTotalsDto extends StatsCountsDto {
  /** signups ÷ uniqueClicks, a ratio; 0 without clicks. Above 1 when signups came by code alone. */
  conversionRate!: number;
}

export class StatsBucketDto extends StatsCountsDto {
  /** The day, or the first day of the month. */
  date!: string;
}

export class StatsRangeDto {
  totals!: StatsTotalsDto;
  /** Every day or month of the range in order, also the empty ones. */
  series!: StatsBucketDto[];
}

export class StatsDto extends StatsRangeDto {
  /** What to compare with, where it was asked for: as many days right before, or as many months. */
  previous?: StatsRangeDto;
}
