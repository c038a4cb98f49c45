/** How the partition of a month of clicks is named, after `clicks_`; also what its removal is audited under. */
export function clickMonthName(start: Date): string {
  return start.toISOString().slice(0, 'yyyy-mm'.length).replace('-', '_');
}

/** The first moment of the month in which `at` lies, or of one that comes later. */
export function monthStart(at: Date, monthsLater: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + monthsLater, 1));
}

/** What the removal of a month of clicks is audited as. */
export const CLICK_MONTH = 'click_month';
