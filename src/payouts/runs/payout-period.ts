import { DomainError } from '../../common/domain-error.js';
import type { Config } from '../../config/config.js';
import { nextPeriod, periodOf, plannedRunAt } from '../../config/payout-schedule.js';

/** A month of the contract: `2026-12`. */
export const PERIOD = /^\d{4}-(0[1-9]|1[0-2])$/;

/**
 * The cut-off of a period's run: `asOf` where it is given, else the planned moment.
 *
 * @throws DomainError `period_not_planned` when PAYOUT_CRON skips that month and no moment is given.
 */
export function cutOffOf(config: Config, period: string, asOf?: Date): Date {
  const cutOff = asOf ?? plannedRunAt(period, config.payoutCron, config.payoutTimezone);
  if (!cutOff)
    throw new DomainError('rule', 'period_not_planned', `PAYOUT_CRON plans no run in ${period}; name a moment.`, {
      period,
    });
  return cutOff;
}

/** The period whose run comes next. */
export function upcomingPeriod(config: Config, now: Date): string {
  const current = periodOf(now, config.payoutTimezone);
  const planned = plannedRunAt(current, config.payoutCron, config.payoutTimezone);
  return planned && planned >= now ? current : nextPeriod(current);
}
