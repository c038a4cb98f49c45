import { Clock } from '../common/clock.js';
import { clientKey, RateLimiter } from './rate-limiter.js';

class StandingClock extends Clock {
  nowMs = Date.UTC(2026, 11, 1);

  now(): Date {
    return new Date(this.nowMs);
  }
}

describe('RateLimiter', () => {
  it('allows the limit within a minute of the first hit, then says how long to wait', () => {
    const clock = new StandingClock();
    const limiter = new RateLimiter(clock);
    const hit = (): unknown => limiter.hit('a', 2);
    expect([hit(), hit()]).toEqual(Array(2).fill({ allowed: true, retryAfterSeconds: 0 }));
    clock.nowMs += 59_001;
    expect(hit()).toEqual({ allowed: false, retryAfterSeconds: 1 });
    expect(limiter.hit('b', 2).allowed).toBe(true);
    clock.nowMs += 999;
    expect(hit()).toEqual({ allowed: true, retryAfterSeconds: 0 });
  });

  it('begins anew when the clock goes back', () => {
    const clock = new StandingClock();
    const limiter = new RateLimiter(clock);
    limiter.hit('a', 1);
    clock.nowMs -= 3_600_000;
    expect(limiter.hit('a', 1).allowed).toBe(true);
  });
});

describe('clientKey', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9', 'an IPv4 address is one client'],
    ['::ffff:203.0.113.9', '203.0.113.9', 'also when it is written as IPv6'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2', 'an IPv6 client owns its /64'],
    ['2001:db8:1:2::1', '2001:db8:1:2', 'however it is shortened'],
    ['::1', '0:0:0:0', 'loopback too'],
    ['no:address', 'no:address', 'what is no address counts as it is'],
  ])('%s → %s: %s', (ip, key) => {
    expect(clientKey(ip)).toBe(key);
  });
});
