import { setTimeout as pause } from 'node:timers/promises';
import type PgBoss from 'pg-boss';
import { isDatabaseUnavailable } from './database-errors.js';

export interface Work {
  batchSize: number;
  handle: (jobs: unknown[]) => Promise<void>;
}

const POLL_MS = 1_000;

/**
 * Works on one queue, a batch after the other. pg-boss has workers of its own, which write down what became of a batch
 * without waiting for it: with the database away, that rejection would end the process.
 */
export class QueueWorker {
  private running: Promise<void> = Promise.resolve();
  private stopping = false;
  /** Cuts short the pause before the next look; aborted already when somebody asked while a batch was under way. */
  private nextLook = new AbortController();

  constructor(
    private readonly boss: PgBoss,
    private readonly queue: string,
    private readonly work: Work,
    private readonly onError: (error: Error) => void,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** Looks for jobs at once instead of at the next poll. */
  wake(): void {
    this.nextLook.abort();
  }

  /** Takes no more jobs, and resolves once the batch under way has ended and is written down, if the database is there. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      this.nextLook = new AbortController();
      // Empty, too, while the database is away: pg-boss tells nobody.
      const jobs = await this.boss.fetch<unknown>(this.queue, { batchSize: this.work.batchSize });
      if (jobs.length > 0) await this.workOff(jobs);
      // A full batch hints at more, which would otherwise wait for the next poll, batch after batch.
      if (jobs.length < this.work.batchSize) await this.untilNextLook();
    }
  }

  private async workOff(jobs: PgBoss.Job<unknown>[]): Promise<void> {
    const ids = jobs.map(({ id }) => id);
    let failure: { reason: string } | null = null;
    try {
      await this.work.handle(jobs.map(({ data }) => data));
    } catch (error) {
      failure = { reason: String(error) };
    }
    await this.writeDown(() => (failure ? this.failed(ids, failure) : this.boss.complete(this.queue, ids)));
  }

  private failed(ids: string[], { reason }: { reason: string }): Promise<void> {
    // Its types forget that several may be given a reason at once.
    return (this.boss.fail as (queue: string, ids: string[], data: object) => Promise<void>)(this.queue, ids, {
      reason,
    });
  }

  /** As soon as the database is there; jobs of which nothing is written down are handed to somebody once they expire. */
  private async writeDown(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        this.onError(error instanceof Error ? error : new Error(String(error)));
        if (this.stopping || !isDatabaseUnavailable(error)) return;
        await pause(POLL_MS);
      }
    }
  }

  private async untilNextLook(): Promise<void> {
    const { signal } = this.nextLook;
    if (signal.aborted) return;
    await pause(POLL_MS, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
