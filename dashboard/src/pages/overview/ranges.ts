import type { StatsRange } from '../../api/queries';

export const RANGES = ['days7', 'days30', 'days90', 'months12'] as const;
export type RangeName = (typeof RANGES)[number];

const DAYS = { days7: 7, days30: 30, days90: 90 };
const DAY_MS = 24 * 60 * 60 * 1000;
const MONTHS = 12;

/** Up to and with today, in UTC as the API counts. */
export function rangeOf(name: RangeName, now: Date): StatsRange {
  const to = dateOf(now);
  if (name !== 'months12') {
    return { from: dateOf(new Date(now.getTime() - (DAYS[name] - 1) * DAY_MS)), to, interval: 'day' };
  }
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - MONTHS + 1, 1));
  return { from: dateOf(first), to, interval: 'month' };
}

function dateOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
