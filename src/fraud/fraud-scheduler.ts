import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron, Interval } from '@nestjs/schedule';
import { Clock } from '../common/clock.js';
import { SingleFlight } from '../common/single-flight.js';
import { Config } from '../config/config.js';
import { lastNightAt } from '../config/payout-schedule.js';
import { Database } from '../database/database.js';
import { runAlone } from '../database/run-alone.js';
import { FraudEvaluation } from './fraud-evaluation.service.js';
import { FraudNewsList } from './fraud-news.service.js';

/** After the reconciliation has begun and before the payouts of the 1st go out (PAYOUT_CRON). */
const HOUR_OF_NIGHT = 4;
const NEWS_INTERVAL_MS = 10_000;
const EVERY_QUARTER_HOUR = '0 11-59/15 * * * *';

/**
 * Has the rules look at what happened within seconds, and at all affiliates once a night, whichever instance comes first. It asks each quarter of an hour
 * whether this night's is done, so one that was missed or failed is made up for.
 */
@Injectable()
export class FraudScheduler implements BeforeApplicationShutdown {
  private readonly logger = new Logger(FraudScheduler.name);
  private readonly flight = new SingleFlight();
  private readonly newsFlight = new SingleFlight();

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly evaluation: FraudEvaluation,
    private readonly news: FraudNewsList,
  ) {}

  /** Never rejects. A second call while one is under way joins it. */
  @Cron(EVERY_QUARTER_HOUR)
  tick(): Promise<void> {
    return this.flight.join(() => this.work());
  }

  /** Never rejects; one that is under way goes on alone. */
  @Interval(NEWS_INTERVAL_MS)
  readNews(): void {
    void this.newsFlight.join(() =>
      this.news
        .workThrough()
        .catch((error: unknown) =>
          this.logger.warn({ message: 'what happened is shown to the fraud rules later', error: String(error) }),
        ),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.flight.ended(), this.newsFlight.ended()]);
  }

  private async work(): Promise<void> {
    try {
      await runAlone(this.database, 'fraud_evaluation', async () => {
        if (!(await this.isDue())) return;
        const completedAt = this.clock.now();
        await this.evaluation.evaluateAll();
        await this.database.prisma.fraudEvaluation.upsert({
          where: { id: 1 },
          create: { completedAt },
          update: { completedAt },
        });
      });
    } catch (error) {
      this.logger.warn({ message: 'the fraud rules are asked again in a quarter of an hour', error: String(error) });
    }
  }

  private async isDue(): Promise<boolean> {
    const last = await this.database.prisma.fraudEvaluation.findUnique({ where: { id: 1 } });
    return last === null || last.completedAt < lastNightAt(HOUR_OF_NIGHT, this.clock.now(), this.config.payoutTimezone);
  }
}
