import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { SingleFlight } from '../../common/single-flight.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { runAlone } from '../../database/run-alone.js';
import { ClawbackDebts } from './clawback-debts.js';
import { ClawbackSender } from './clawback-sender.js';

/**
 * Takes back by reversals what affiliates owe, where CLAWBACK_REVERSE_TRANSFERS asks for it. Switched off, nothing new is
 * asked for, and what was asked for is brought to its end.
 */
@Injectable()
export class ClawbackScheduler implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ClawbackScheduler.name);
  private readonly flight = new SingleFlight();

  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly debts: ClawbackDebts,
    private readonly sender: ClawbackSender,
  ) {}

  /** Never rejects. A second call while one is under way joins it, and one instance works at a time. */
  @Cron(CronExpression.EVERY_MINUTE)
  tick(): Promise<void> {
    return this.flight.join(() => this.work());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.sender.stop();
    await this.flight.ended();
  }

  private async work(): Promise<void> {
    try {
      await runAlone(this.database, 'clawback', async () => {
        if (this.config.clawbackReverseTransfers) await this.debts.claimBack();
        await this.sender.sendDue();
      });
    } catch (error) {
      this.logger.error({ message: 'the claw-back was interrupted; it goes on in a minute', error: String(error) });
    }
  }
}
