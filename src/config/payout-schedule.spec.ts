import { monthlyCronProblem, nextPeriod, periodOf, plannedRunAt } from './payout-schedule.js';

describe('the planned moment of a run', () => {
  it.each([
    ['the 1st at 06:00 UTC', '2026-12', '0 6 1 * *', 'UTC', '2026-12-01T06:00:00.000Z'],
    ['the new year', '2027-01', '0 6 1 * *', 'UTC', '2027-01-01T06:00:00.000Z'],
    ['a leap year', '2028-02', '0 6 29 2 *', 'UTC', '2028-02-29T06:00:00.000Z'],
    ['winter time in Berlin', '2026-12', '0 6 1 * *', 'Europe/Berlin', '2026-12-01T05:00:00.000Z'],
    ['summer time in Berlin', '2026-07', '0 6 1 * *', 'Europe/Berlin', '2026-07-01T04:00:00.000Z'],
    [
      'a 1st that is still the last of the month in UTC',
      '2026-12',
      '0 6 1 * *',
      'Asia/Tokyo',
      '2026-11-30T21:00:00.000Z',
    ],
    ['a 1st on which the clocks go forward', '2026-03', '30 2 29 * *', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
  ])('%s', (_title, period, cron, timezone, planned) => {
    expect(plannedRunAt(period, cron, timezone)?.toISOString()).toBe(planned);
  });

  it('is none in a month that the expression skips', () => {
    expect(plannedRunAt('2026-12', '0 6 1 1 *', 'UTC')).toBeNull();
  });
});

describe('a period', () => {
  it('is the calendar month in the payout time zone', () => {
    const at = new Date('2026-11-30T21:00:00Z');
    expect([periodOf(at, 'UTC'), periodOf(at, 'Asia/Tokyo')]).toEqual(['2026-11', '2026-12']);
  });

  it('is followed by the next month, also over the year', () => {
    expect(['2026-11', '2026-12'].map(nextPeriod)).toEqual(['2026-12', '2027-01']);
  });
});

describe('an expression', () => {
  it.each(['0 6 1 * *', '30 23 28 * *', '0 0 1 1,7 *'])('may plan payouts: %s', (expression) => {
    expect(monthlyCronProblem(expression, 'Europe/Berlin')).toBeNull();
  });

  it.each(['* * * * *', '0 6 1-2 * *', '0 6 * * 1'])('may not fire twice a month: %s', (expression) => {
    expect(monthlyCronProblem(expression, 'UTC')).toMatch(/more than once a month/);
  });

  it.each(['hello', '0 6 30 2 *'])('must fire: %s', (expression) => {
    expect(monthlyCronProblem(expression, 'UTC')).toMatch(/ever fires/);
  });
});
