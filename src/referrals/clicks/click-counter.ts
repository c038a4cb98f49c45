import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Metrics } from '../../http/metrics.js';
import { countClicks } from './count-clicks.js';

/** What is not counted yet is worked out by whoever reads: later would make reading dear, sooner makes counting dear. */
const DELAY_MS = 1_000;

/**
 * Counts clicks a moment after they were stored, all of that moment at once. It decides nothing about what anybody sees:
 * `click_days_now` has what is still to be counted, and a process that dies leaves it to whoever starts or stores a click next.
 */
@Injectable()
export class ClickCounter implements OnModuleInit {
  private readonly logger = new Logger(ClickCounter.name);
  private readonly stopping = new AbortController();
  private counting: Promise<void> | null = null;
  private isDue = false;
  private hasFailed = false;

  constructor(
    private readonly database: Database,
    metrics: Metrics,
  ) {
    metrics.addGauge(
      'uncounted_clicks',
      'What is stored and shown, but not in the sums of its days yet: groups of clicks, and the clicks in them.',
      'of',
      () => this.uncounted(),
    );
  }

  async onModuleInit(): Promise<void> {
    await countClicks(this.database.prisma);
  }

  /** To be called when clicks were stored. */
  countSoon(): void {
    this.isDue = true;
    this.counting ??= this.countWhileDue();
  }

  /** To be called once no click is stored any more. What is not counted by then is counted at the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.counting;
  }

  private async uncounted(): Promise<[string, number][]> {
    const [row] = await this.database.prisma.$queryRaw<{ groups: number; clicks: number }[]>`
      SELECT count(*)::int AS groups, coalesce(sum(cardinality(affiliate_ids)), 0)::int AS clicks FROM uncounted_clicks`;
    return Object.entries(row ?? {});
  }

  private async countWhileDue(): Promise<void> {
    while (this.isDue && (await this.hasWaited())) {
      this.isDue = false;
      await this.count();
    }
    this.counting = null;
  }

  /** False when it was told to stop meanwhile. */
  private async hasWaited(): Promise<boolean> {
    try {
      // Nobody has to wait for it to let the process end.
      await delay(DELAY_MS, undefined, { signal: this.stopping.signal, ref: false });
      return true;
    } catch {
      // Nothing but the signal ends it sooner.
      return false;
    }
  }

  private async count(): Promise<void> {
    try {
      await countClicks(this.database.prisma);
      this.hasFailed = false;
    } catch (error) {
      this.isDue = true;
      // Said once, however long the database is away: nothing is lost, and no figure is wrong meanwhile.
      if (!this.hasFailed)
        this.logger.warn({ err: error, msg: 'clicks could not be counted; tried again each second' });
      this.hasFailed = true;
    }
  }
}
