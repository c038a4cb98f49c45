import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { SingleFlight } from '../../common/single-flight.js';
import { Database } from '../../database/database.js';
import { runAlone } from '../../database/run-alone.js';
import { PromotionRedemptions } from '../../referrals/promotions/promotion-redemptions.service.js';
import { RedemptionReader } from './redemption-reader.js';

const EVERY_QUARTER_HOUR = '30 7-59/15 * * * *';
const BATCH_SIZE = 100;

/**
 * Credits promotion codes that have waited long enough for a link (ATTRIBUTION_PRECEDENCE=link), whichever instance comes
 * first. One that fails is tried again with the next tick, and keeps no other from its turn.
 */
@Injectable()
export class RedemptionScheduler implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RedemptionScheduler.name);
  private readonly flight = new SingleFlight();

  constructor(
    private readonly database: Database,
    private readonly redemptions: PromotionRedemptions,
    private readonly reader: RedemptionReader,
  ) {}

  /** Never rejects. A second call while one is under way joins it. */
  @Cron(EVERY_QUARTER_HOUR)
  tick(): Promise<void> {
    return this.flight.join(() => this.work().catch((error: unknown) => this.report(error)));
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.flight.ended();
  }

  private async work(): Promise<void> {
    await runAlone(this.database, 'promotion_redemptions', async () => {
      for (const customerId of await this.redemptions.findDue(BATCH_SIZE)) {
        try {
          const apply = await this.reader.prepareWaiting(customerId);
          await this.database.transaction(apply);
        } catch (error) {
          this.report(error);
        }
      }
    });
  }

  private report(error: unknown): void {
    this.logger.warn({ message: 'promotion codes are credited in a quarter of an hour', error: String(error) });
  }
}
