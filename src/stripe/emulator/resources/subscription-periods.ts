/** A span of time in whole seconds; the end is the next period's start. */
export interface Period {
  start: number;
  end: number;
}

export interface Cadence {
  interval: 'day' | 'week' | 'month' | 'year' | (string & Record<never, never>);
  intervalCount: number;
}

/**
 * The period that begins at `start`, for a subscription whose billing is anchored at `anchor`.
 * Months are counted from the anchor, not from the last period: from 31 January the periods end on
 * the last of February, on 31 March, and so on.
 */
export function periodFrom(start: number, anchor: number, cadence: Cadence): Period {
  let count = 1;
  while (addIntervals(anchor, cadence, count) <= start) count += 1;
  return { start, end: addIntervals(anchor, cadence, count) };
}

function addIntervals(anchor: number, { interval, intervalCount }: Cadence, count: number): number {
  const steps = intervalCount * count;
  switch (interval) {
    case 'day':
      return anchor + steps * 86_400;
    case 'week':
      return anchor + steps * 7 * 86_400;
    case 'year':
      return addMonths(anchor, steps * 12);
    default:
      return addMonths(anchor, steps);
  }
}

/** The same day and time UTC some months later, or the month's last day when it is shorter. */
function addMonths(seconds: number, months: number): number {
  const from = new Date(seconds * 1000);
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0)).getUTCDate();
  const midnight = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, Math.min(from.getUTCDate(), lastDay));
  const timeOfDay = (seconds * 1000) % 86_400_000;
  return (midnight + timeOfDay) / 1000;
}
