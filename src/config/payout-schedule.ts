import { CronTime } from 'cron';
import { DateTime } from 'luxon';

/** Long enough to meet every month length, a leap day, and both clock changes. */
const CHECKED_MONTHS = 49;

/**
 * Why this cron expression cannot plan payouts, or null. A period is a calendar month and has one run, so an
 * expression that fires twice within a month of its own time zone would lose the second run.
 */
export function monthlyCronProblem(expression: string, timezone: string): string | null {
  let time: CronTime;
  try {
    time = new CronTime(expression, timezone);
  } catch {
    return 'is not a cron expression';
  }
  const seen = new Set<string>();
  let at: DateTime<true> | DateTime<false> = DateTime.fromISO('2026-01-01T00:00:00', { zone: timezone });
  for (let i = 0; i < CHECKED_MONTHS; i++) {
    at = time.getNextDateFrom(at, timezone) as DateTime<true>;
    const period = at.toFormat('yyyy-MM');
    if (seen.has(period)) return `fires more than once a month (twice in ${period}): payouts run once a month`;
    seen.add(period);
  }
  return null;
}

/** The planned moment of a period's run (`2026-12` → 2026-12-01T06:00Z by default): the run's cut-off. Null when the
 * expression skips that month. */
export function plannedRunAt(period: string, expression: string, timezone: string): Date | null {
  const start = DateTime.fromFormat(period, 'yyyy-MM', { zone: timezone });
  const planned = new CronTime(expression, timezone).getNextDateFrom(start.minus({ milliseconds: 1 }), timezone);
  return planned.toFormat('yyyy-MM') === period ? planned.toJSDate() : null;
}

/** The calendar month of a moment in the payout time zone: `2026-12`. */
export function periodOf(at: Date, timezone: string): string {
  return DateTime.fromJSDate(at, { zone: timezone }).toFormat('yyyy-MM');
}

/** The period after this one: `2026-12` → `2027-01`. */
export function nextPeriod(period: string): string {
  return DateTime.fromFormat(period, 'yyyy-MM', { zone: 'utc' }).plus({ months: 1 }).toFormat('yyyy-MM');
}
