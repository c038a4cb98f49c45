import { Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock.js';
import { tooManyRequests } from './http-error.js';

const WINDOW_MS = 60_000;
/** About 10 MB at most. A flood from more addresses than this forgets the oldest ones first. */
const MAX_KEYS = 50_000;

interface Window {
  startedAtMs: number;
  hits: number;
}

/**
 * Counts hits per key in windows of a minute. Bounded in memory, without timers; each instance counts for itself, so
 * with n instances a caller may reach n times the limit.
 */
@Injectable()
export class RateLimiter {
  private readonly windows = new LRUCache<string, Window>({ max: MAX_KEYS });

  constructor(private readonly clock: Clock) {}

  /** Counts one hit. Begin `key` with what is limited, so that features do not share counters: `code-guess:…`. */
  hit(key: string, limitPerMinute: number): { allowed: boolean; retryAfterSeconds: number } {
    const nowMs = this.clock.now().getTime();
    let window = this.windows.get(key);
    if (window === undefined || nowMs - window.startedAtMs >= WINDOW_MS || nowMs < window.startedAtMs) {
      window = { startedAtMs: nowMs, hits: 0 };
      this.windows.set(key, window);
    }
    window.hits += 1;
    if (window.hits <= limitPerMinute) return { allowed: true, retryAfterSeconds: 0 };
    return { allowed: false, retryAfterSeconds: Math.ceil((window.startedAtMs + WINDOW_MS - nowMs) / 1000) };
  }

  /** @throws HttpError 429 with Retry-After when this hit is one too many. */
  hitOrThrow(key: string, limitPerMinute: number): void {
    const { allowed, retryAfterSeconds } = this.hit(key, limitPerMinute);
    if (!allowed)
      throw tooManyRequests(`At most ${limitPerMinute} requests a minute; try again later.`, retryAfterSeconds);
  }
}

/** What stands for a client in counters: the address, or an IPv6 caller's whole /64, of which it owns every address. */
export function clientKey(ip: string): string {
  if (!ip.includes(':') || !ipaddr.IPv6.isValid(ip)) return ip;
  const address = ipaddr.IPv6.parse(ip);
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString();
  return address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':');
}
