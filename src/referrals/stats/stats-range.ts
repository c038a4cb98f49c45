import { DomainError } from '../../common/domain-error.js';
import type { StatsInterval, StatsQuery } from './stats.dto.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 400;
const MAX_MONTHS = 120;

/** Days of UTC; `end` is the first moment that is no longer in the range. */
export interface StatsRange {
  firstDay: string;
  lastDay: string;
  start: Date;
  end: Date;
  /** The date of each bucket, in order. */
  buckets: string[];
}

/**
 * The range a query asks for: by default the last 30 days.
 * @throws DomainError `range_invalid` (400) when it is empty, or has more than 400 days or 120 months.
 */
export function statsRange(query: StatsQuery, now: Date): StatsRange {
  const lastDay = query.to ? startOfDay(query.to) : startOfDay(toDate(now));
  const start = query.from ? startOfDay(query.from) : new Date(lastDay.getTime() - (DEFAULT_DAYS - 1) * DAY_MS);
  const end = new Date(lastDay.getTime() + DAY_MS);
  if (start >= end) throw rangeInvalid('from must not be after to.');
  return rangeOf(start, end, query.interval);
}

/** The range of as many days, or as many months, that ends on the day before this one begins. */
export function rangeBefore({ start, end, buckets }: StatsRange, interval: StatsInterval): StatsRange {
  if (interval === 'day') return rangeOf(new Date(2 * start.getTime() - end.getTime()), start, interval);
  // A month that the range cuts is in both.
  const cutMonths = start.getUTCDate() === 1 ? 0 : 1;
  const firstMonth = start.getUTCMonth() - buckets.length + cutMonths;
  return rangeOf(new Date(Date.UTC(start.getUTCFullYear(), firstMonth, 1)), start, interval);
}

function rangeOf(start: Date, end: Date, interval: StatsInterval): StatsRange {
  return {
    firstDay: toDate(start),
    lastDay: toDate(new Date(end.getTime() - DAY_MS)),
    start,
    end,
    buckets: bucketsOf(interval, start, end),
  };
}

function bucketsOf(interval: StatsInterval, start: Date, end: Date): string[] {
  const max = interval === 'day' ? MAX_DAYS : MAX_MONTHS;
  const buckets: string[] = [];
  let bucket = interval === 'day' ? start : new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), 1));
  while (bucket < end) {
    if (buckets.length === max)
      throw rangeInvalid(`The range may have at most ${MAX_DAYS} days, or ${MAX_MONTHS} months by interval=month.`);
    buckets.push(toDate(bucket));
    bucket =
      interval === 'day'
        ? new Date(bucket.getTime() + DAY_MS)
        : new Date(Date.UTC(bucket.getUTCFullYear(), bucket.getUTCMonth() + 1, 1));
  }
  return buckets;
}

function startOfDay(date: string): Date {
  return new Date(`${date}T00:00:00Z`);
}

function toDate(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function rangeInvalid(message: string): DomainError {
  return new DomainError('invalid', 'range_invalid', message);
}
