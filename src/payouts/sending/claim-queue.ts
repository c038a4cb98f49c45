import type { ClaimedPayout } from './payout-claims.js';

/** What the lanes take their work from. Claims more when it is empty, once for all lanes that wait. */
export class ClaimQueue {
  private waiting: ClaimedPayout[] = [];
  private claiming: Promise<void> | null = null;
  private exhausted = false;

  constructor(private readonly claim: () => Promise<ClaimedPayout[]>) {}

  /** The next payout; undefined when nothing is due any more. */
  async take(): Promise<ClaimedPayout | undefined> {
    while (this.waiting.length === 0 && !this.exhausted) {
      this.claiming ??= this.refill().finally(() => {
        this.claiming = null;
      });
      await this.claiming;
    }
    return this.waiting.shift();
  }

  /** What was claimed and not taken. */
  rest(): ClaimedPayout[] {
    return this.waiting;
  }

  private async refill(): Promise<void> {
    this.waiting = await this.claim();
    this.exhausted = this.waiting.length === 0;
  }
}
