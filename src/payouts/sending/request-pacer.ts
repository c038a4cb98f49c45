import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Spaces requests evenly: no more than `requestsPerSecond`, however many lanes ask. It measures real time, since the
 * provider's limit does.
 */
export class RequestPacer {
  private nextSlotMs = 0;
  private readonly intervalMs: number;

  constructor(requestsPerSecond: number) {
    this.intervalMs = 1000 / requestsPerSecond;
  }

  /** Resolves when the caller may send one request. */
  async turn(): Promise<void> {
    const nowMs = performance.now();
    const slotMs = Math.max(nowMs, this.nextSlotMs);
    this.nextSlotMs = slotMs + this.intervalMs;
    if (slotMs > nowMs) await sleep(slotMs - nowMs);
  }

  /** The provider said "too many": nobody sends for a while. */
  pause(milliseconds: number): void {
    this.nextSlotMs = Math.max(this.nextSlotMs, performance.now() + milliseconds);
  }
}
