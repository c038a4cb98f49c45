import type { ClaimedPayout } from './payout-claims.js';

/**
 * What the lanes take their work from. Claims more before it is empty, once for all lanes, so that none has to wait for
 * the claim while the provider would take requests.
 */
export class ClaimQueue {
  private readonly waiting: ClaimedPayout[] = [];
  private claiming: Promise<void> | null = null;
  private exhausted = false;
  private failure: Error | null = null;

  /** @param refillBelow claims more as soon as fewer than so many wait. */
  constructor(
    private readonly refillBelow: number,
    private readonly claim: () => Promise<ClaimedPayout[]>,
  ) {}

  /** The next payout; undefined when nothing is due any more. @throws what the claim threw. */
  async take(): Promise<ClaimedPayout | undefined> {
    for (;;) {
      if (this.failure) throw this.failure;
      if (this.waiting.length < this.refillBelow && !this.exhausted) this.refill();
      const next = this.waiting.shift();
      if (next || !this.claiming) return next;
      await this.claiming;
    }
  }

  /** What was claimed and not taken, when nothing more is wanted. */
  async rest(): Promise<ClaimedPayout[]> {
    await this.claiming;
    return this.waiting;
  }

  /** Its failure is kept for whoever takes next, since nobody may be waiting for it. */
  private refill(): void {
    this.claiming ??= this.claim()
      .then(
        (claimed) => {
          this.waiting.push(...claimed);
          this.exhausted = claimed.length === 0;
        },
        (error: unknown) => {
          this.failure = error instanceof Error ? error : new Error(String(error));
        },
      )
      .finally(() => {
        this.claiming = null;
      });
  }
}
