import type { Clock } from '../common/clock.js';

export interface CrowdBounds {
  /** How many are worked on at once. */
  atOnceMax: number;
  /** How many more may wait for a place. */
  inLineMax: number;
  /** How long each of them waits at most. */
  waitMaxMs: number;
  /** The same once somebody has been waiting, without a break, for `waitMaxMs`. */
  lastingWaitMaxMs: number;
}

interface Waiting {
  goOn: () => void;
}

/**
 * Those who are worked on, and the line of those who wait for it: first come, first served. A burst is worked off sooner
 * or later, so its line may take a while. A line that never ends is no burst: whoever joins that is told soon, while
 * somebody still listens, and whoever gets through has not waited for long.
 */
export class Crowd {
  private atWork = 0;
  private readonly line = new Set<Waiting>();
  /** Since when somebody has always waited; of no meaning while nobody does. */
  private lineSinceMs = 0;

  constructor(
    readonly name: string,
    private readonly bounds: CrowdBounds,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.atWork;
  }

  get lineLength(): number {
    return this.line.size;
  }

  /**
   * Calls `goOn` once there is a place, which is taken until `leave`, or `giveUp` when there is none.
   * @returns how somebody who waits leaves the line, with neither called; of no effect for others.
   */
  join(goOn: () => void, giveUp: () => void): () => void {
    if (this.atWork < this.bounds.atOnceMax) this.enter(goOn);
    else if (this.line.size < this.bounds.inLineMax) return this.wait(goOn, giveUp);
    else giveUp();
    return () => undefined;
  }

  /** Gives up a place, to whoever has waited longest. */
  leave(): void {
    this.atWork -= 1;
    const [next] = this.line;
    next?.goOn();
  }

  private enter(goOn: () => void): void {
    this.atWork += 1;
    goOn();
  }

  private wait(goOn: () => void, giveUp: () => void): () => void {
    const leaveLine = (): void => {
      clearTimeout(timer);
      this.line.delete(waiting);
    };
    const waiting: Waiting = {
      goOn: () => {
        leaveLine();
        this.enter(goOn);
      },
    };
    const timer = setTimeout(() => {
      leaveLine();
      giveUp();
    }, this.longestWaitMs());
    this.line.add(waiting);
    return leaveLine;
  }

  private longestWaitMs(): number {
    const { waitMaxMs, lastingWaitMaxMs } = this.bounds;
    const nowMs = this.clock.now().getTime();
    if (this.line.size === 0) this.lineSinceMs = nowMs;
    return nowMs - this.lineSinceMs < waitMaxMs ? waitMaxMs : lastingWaitMaxMs;
  }
}
