import type { StatsQuery } from './stats.dto.js';
import { statsRange } from './stats-range.js';

const NOW = new Date('2026-12-15T23:30:00Z');

describe('statsRange', () => {
  it('takes the last 30 days by default, today included', () => {
    const { buckets, start, end } = statsRange({ interval: 'day' }, NOW);
    expect(buckets).toHaveLength(30);
    expect([buckets[0], buckets.at(-1)]).toEqual(['2026-11-16', '2026-12-15']);
    expect([start.toISOString(), end.toISOString()]).toEqual(['2026-11-16T00:00:00.000Z', '2026-12-16T00:00:00.000Z']);
  });

  it('includes both ends, and 29 February in leap years only', () => {
    expect(statsRange({ from: '2028-02-28', to: '2028-03-01', interval: 'day' }, NOW).buckets).toEqual([
      '2028-02-28',
      '2028-02-29',
      '2028-03-01',
    ]);
    expect(statsRange({ from: '2027-02-28', to: '2027-03-01', interval: 'day' }, NOW).buckets).toEqual([
      '2027-02-28',
      '2027-03-01',
    ]);
  });

  it('names months by their first day, also the ones that are cut', () => {
    const { buckets, firstDay, lastDay } = statsRange({ from: '2026-11-30', to: '2027-01-01', interval: 'month' }, NOW);
    expect(buckets).toEqual(['2026-11-01', '2026-12-01', '2027-01-01']);
    expect([firstDay, lastDay]).toEqual(['2026-11-30', '2027-01-01']);
  });

  it.each<[StatsQuery, string]>([
    [{ from: '2026-12-02', to: '2026-12-01', interval: 'day' }, 'from after to'],
    [{ from: '2026-12-16', interval: 'day' }, 'from after today'],
    [{ from: '2025-01-01', to: '2026-02-05', interval: 'day' }, '401 days'],
    [{ from: '2016-01-01', to: '2026-01-01', interval: 'month' }, '121 months'],
  ])('refuses %j: %s', (query) => {
    expect(() => statsRange(query, NOW)).toThrow(/^(from must not be after to|The range may have at most)/);
  });

  it.each<[StatsQuery, number]>([
    [{ from: '2025-01-01', to: '2026-02-04', interval: 'day' }, 400],
    [{ from: '2016-01-01', to: '2025-12-31', interval: 'month' }, 120],
  ])('takes the greatest range: %j', (query, length) => {
    expect(statsRange(query, NOW).buckets).toHaveLength(length);
  });
});
