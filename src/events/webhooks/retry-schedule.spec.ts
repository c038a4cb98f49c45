import { delayAfterMs, pauseAfterMs, TRIES_MAX } from './retry-schedule.js';

const HOUR_MS = 60 * 60 * 1000;

describe('the retries', () => {
  it('of a delivery come later and later, for three days', () => {
    const delays = Array.from({ length: TRIES_MAX - 1 }, (_, index) => delayAfterMs(index + 1));
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays[0]).toBe(5_000);
    const days = delays.reduce((sum, delay) => sum + delay, 0) / (24 * HOUR_MS);
    expect(days).toBeGreaterThan(2.9);
    expect(days).toBeLessThan(3.2);
  });

  it('of an endpoint that is down come twice as late after each failure, and each hour at least', () => {
    expect([3, 4, 5, 6].map(pauseAfterMs)).toEqual([15_000, 30_000, 60_000, 120_000]);
    expect([20, 200, 2_000].map(pauseAfterMs)).toEqual([HOUR_MS, HOUR_MS, HOUR_MS]);
  });
});
