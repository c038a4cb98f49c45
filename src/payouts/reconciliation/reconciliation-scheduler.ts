import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { SingleFlight } from '../../common/single-flight.js';
import { Config } from '../../config/config.js';
import { lastNightAt } from '../../config/payout-schedule.js';
import { Database } from '../../database/database.js';
import { ReconciliationService } from './reconciliation.service.js';

/** Before the payouts of the 1st go out (PAYOUT_CRON), and while little else happens. */
const HOUR_OF_NIGHT = 3;
const EVERY_QUARTER_HOUR = '0 7-59/15 * * * *';

/**
 * Reconciles once a night, whichever instance comes first. It asks each quarter of an hour whether this night's is done,
 * so one that was missed or failed is made up for.
 */
@Injectable()
export class ReconciliationScheduler implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ReconciliationScheduler.name);
  private readonly flight = new SingleFlight();

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly reconciliation: ReconciliationService,
  ) {}

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
      if (await this.isDue()) await this.reconciliation.reconcile();
    } catch (error) {
      this.logger.warn({ message: 'the reconciliation is tried again in a quarter of an hour', error: String(error) });
    }
  }

  private async isDue(): Promise<boolean> {
    const { prisma } = this.database;
    if (!(await prisma.payout.findFirst({ select: { id: true } }))) return false;
    const done = await prisma.reconciliation.findFirst({
      where: {
        status: { in: ['agrees', 'differs'] },
        since: null,
        startedAt: { gte: lastNightAt(HOUR_OF_NIGHT, this.clock.now(), this.config.payoutTimezone) },
      },
      select: { id: true },
    });
    return done === null;
  }
}
