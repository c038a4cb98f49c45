import { CronTime } from 'cron';
import { DateTime } from 'luxon';

/** A year and a month meet every month length, every weekday of the 1st to the 7th, and both clock changes. */
const CHECKED_MONTHS = 13;

/**
 * Why this cron expression cannot plan payouts, or null. A period is a calendar month and has one run, so an
 * expression that fires twice within a month of its own time zone would lose the second run.
 */
export function monthlyCronProblem(expression: string, timezone: string): string | null {
  const start = DateTime.fromISO('2026-01-01T00:00:00', { zone: timezone });
  const end = start.plus({ months: CHECKED_MONTHS });
  try {
    const time = new CronTime(expression, timezone);
    let period = '';
    let at: DateTime = time.getNextDateFrom(start, timezone);
    while (at < end) {
      if (at.toFormat('yyyy-MM') === period)
        return `fires more than once a month (in ${period}): payouts run once a month`;
      period = at.toFormat('yyyy-MM');
      at = time.getNextDateFrom(at, timezone);
    }
    return null;
  } catch {
    // The parser throws for what it cannot read, and for a day that never comes, such as 30 February.
    return 'is no cron expression that ever fires';
  }
}

/** The planned moment of a period's run (`2026-12` → 2026-12-01T06:00Z by default): the run's cut-off. Null when the
 * expression skips that month. */
export function plannedRunAt(period: string, expression: string, timezone: string): Date | null {
  const start = DateTime.fromFormat(period, 'yyyy-MM', { zone: timezone });
  const planned = new CronTime(expression, timezone).getNextDateFrom(start.minus({ milliseconds: 1 }), timezone);
  return planned.toFormat('yyyy-MM') === period ? planned.toJSDate() : null;
}

export interface PlannedRun {
  period: string;
  at: Date;
}

/** The first run that is planned now or later. Null when none is within a year: the expression may skip months. */
export function nextPlannedRun(now: Date, expression: string, timezone: string): PlannedRun | null {
  let period = periodOf(now, timezone);
  for (let month = 0; month < CHECKED_MONTHS; month++) {
    const at = plannedRunAt(period, expression, timezone);
    if (at && at >= now) return { period, at };
    period = nextPeriod(period);
  }
  return null;
}

/** The calendar month of a moment in the payout time zone: `2026-12`. */
export function periodOf(at: Date, timezone: string): string {
  return DateTime.fromJSDate(at, { zone: timezone }).toFormat('yyyy-MM');
}

/** The period after this one: `2026-12` → `2027-01`. */
export function nextPeriod(period: string): string {
  return DateTime.fromFormat(period, 'yyyy-MM', { zone: 'utc' }).plus({ months: 1 }).toFormat('yyyy-MM');
}

/** When the last night reached this hour of the payout time zone: what is done once a night is due since then. */
export function lastNightAt(hour: number, now: Date, timezone: string): Date {
  const local = DateTime.fromJSDate(now, { zone: timezone });
  const tonight = local.startOf('day').set({ hour });
  return (tonight <= local ? tonight : tonight.minus({ days: 1 })).toJSDate();
}
