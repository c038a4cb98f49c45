import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import { SingleFlight } from '../common/single-flight.js';
import { Config } from '../config/config.js';
import { lastNightAt } from '../config/payout-schedule.js';
import { Database } from '../database/database.js';
import { Metrics } from '../http/metrics.js';
import { NIGHTLY_ROLLUPS } from './all-rollups.js';
import { describeDifference } from './rollup.js';
import { RollupsService } from './rollups.service.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** After the ledger's own proof and the payouts of the 1st begin. */
const HOUR_OF_NIGHT = 4;
const EVERY_QUARTER_HOUR = '0 7-59/15 * * * *';
/** Clicks of earlier days have been compared often enough, and nothing writes them any more. */
const DAYS_OF_CLICKS = 35;

/**
 * Compares the roll-ups with what they sum up once a night, whichever instance comes first, and keeps what came out. It
 * mends nothing: what is wrong once was written wrongly, which somebody should know. It asks each quarter of an hour
 * whether this night's is done, so one that was missed or failed is made up for.
 */
@Injectable()
export class NightlyComparison implements BeforeApplicationShutdown {
  private readonly logger = new Logger(NightlyComparison.name);
  private readonly flight = new SingleFlight();

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly config: Config,
    private readonly database: Database,
    private readonly rollups: RollupsService,
    metrics: Metrics,
  ) {
    metrics.addGauge(
      'rollup_differences',
      'Rows of each roll-up that did not say what they sum up, by the last nightly comparison.',
      'rollup',
      () => this.lastDifferences(),
    );
    metrics.addGauge(
      'rollup_comparison_timestamp_seconds',
      'When the roll-ups were last compared with what they sum up, and what came out.',
      'result',
      () => this.lastByResult(),
    );
  }

  /** Never rejects. A second call while one is under way joins it. */
  @Cron(EVERY_QUARTER_HOUR)
  tick(): Promise<void> {
    return this.flight.join(() => this.work());
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.flight.ended();
  }

  private async work(): Promise<void> {
    try {
      if (!(await this.isDue())) return;
      await this.rollups.alone(async () => {
        if (await this.isDue()) await this.compare();
      });
    } catch (error) {
      this.logger.warn({ message: 'the roll-ups are compared again in a quarter of an hour', error: String(error) });
    }
  }

  private async isDue(): Promise<boolean> {
    const last = await this.findLast();
    return last === null || last.startedAt < lastNightAt(HOUR_OF_NIGHT, this.clock.now(), this.config.payoutTimezone);
  }

  private findLast() {
    return this.database.prisma.rollupCheck.findFirst({ orderBy: { id: 'desc' } });
  }

  private async compare(): Promise<void> {
    const startedAt = this.clock.now();
    const today = startedAt.getTime() - (startedAt.getTime() % DAY_MS);
    const reports = await this.rollups.compare(NIGHTLY_ROLLUPS, {
      start: new Date(today - DAYS_OF_CLICKS * DAY_MS),
      // The clocks of other instances may be a little ahead of this one.
      end: new Date(today + 2 * DAY_MS),
    });
    const isExact = reports.every(({ differences }) => differences === 0);
    await this.database.prisma.rollupCheck.create({
      data: {
        id: this.ids.next('rollupCheck'),
        startedAt,
        finishedAt: this.clock.now(),
        differences: Object.fromEntries(reports.map(({ rollup, differences }) => [rollup, differences])),
        isExact,
      },
    });
    if (isExact) return;
    this.logger.error({
      code: 'rollups_differ',
      message: 'sums that are shown differ from what they sum up; rollups:rebuild mends them',
      differences: reports.flatMap(({ shown }) => shown.map(describeDifference)),
    });
  }

  private async lastDifferences(): Promise<[string, number][]> {
    const last = await this.findLast();
    return last === null ? [] : Object.entries(last.differences as Record<string, number>);
  }

  private async lastByResult(): Promise<[string, number][]> {
    const last = await this.findLast();
    return last === null ? [] : [[last.isExact ? 'exact' : 'different', last.finishedAt.getTime() / 1000]];
  }
}
