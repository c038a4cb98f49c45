import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { SingleFlight } from '../../common/single-flight.js';
import { Config } from '../../config/config.js';
import { nextPeriod, periodOf, plannedRunAt } from '../../config/payout-schedule.js';
import { Database } from '../../database/database.js';
import { SendingHaltedError } from '../sending/sending-halted.error.js';
import { PayoutRunsService } from './payout-runs.service.js';

/** Runs in these statuses have something left to do that needs no decision. */
const UNFINISHED = ['reserving', 'sending', 'waiting_for_funds'];

/**
 * Starts runs when they are due and takes up those that were interrupted. The one mechanism serves the 1st of the
 * month, a start after a night that was missed, and a crash: each minute it asks which planned moments have passed
 * without a finished run. The moment that was planned is the cut-off, however late it is.
 */
@Injectable()
export class PayoutScheduler implements OnApplicationBootstrap {
  private readonly logger = new Logger(PayoutScheduler.name);
  private readonly flight = new SingleFlight();

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly runs: PayoutRunsService,
  ) {}

  onApplicationBootstrap(): void {
    void this.tick();
  }

  /** Does what is due now. A second call while one is under way joins it. */
  @Cron(CronExpression.EVERY_MINUTE)
  tick(): Promise<void> {
    return this.flight.join(() => this.work());
  }

  /** A run may take an hour; it is cut short after the transfers that were already asked for, and resumed later. */
  async beforeApplicationShutdown(): Promise<void> {
    this.runs.stop();
    await this.flight.ended();
  }

  private async work(): Promise<void> {
    try {
      for (const { period, cutOff } of await this.due()) await this.take(period, cutOff);
    } catch (error) {
      this.logger.error({
        message: 'payout runs were interrupted; they are resumed within a minute',
        error: String(error),
      });
    }
  }

  /** Wrong credentials are wrong for every period; any other trouble of one period must not stop the later ones. */
  private async take(period: string, cutOff: Date): Promise<void> {
    try {
      await this.runs.run({ period, cutOff });
    } catch (error) {
      if (error instanceof SendingHaltedError) throw error;
      this.logger.error({
        message: 'a payout run was interrupted; it is resumed within a minute',
        period,
        error: String(error),
      });
    }
  }

  private async due(): Promise<{ period: string; cutOff: Date }[]> {
    const runs = await this.database.prisma.payoutRun.findMany({
      select: {
        period: true,
        cutOff: true,
        status: true,
        // Of a cancelled run: what is not returned yet.
        _count: { select: { payouts: { where: { status: 'pending', run: { status: 'canceled' } } } } },
      },
    });
    const known = new Set(runs.map(({ period }) => period));
    const missed = (await this.plannedSinceInstallation()).filter(({ period }) => !known.has(period));
    const unfinished = runs.filter(
      ({ status, _count }) => UNFINISHED.includes(status) || (status === 'canceled' && _count.payouts > 0),
    );
    return [...unfinished, ...missed].sort((a, b) => (a.period < b.period ? -1 : 1));
  }

  /** Every planned moment between the installation and now. */
  private async plannedSinceInstallation(): Promise<{ period: string; cutOff: Date }[]> {
    const installation = await this.database.prisma.installation.findUnique({ where: { id: 1 } });
    if (!installation) return [];
    const { payoutCron, payoutTimezone } = this.config;
    const now = this.clock.now();
    const planned: { period: string; cutOff: Date }[] = [];
    const last = periodOf(now, payoutTimezone);
    for (let period = periodOf(installation.installedAt, payoutTimezone); period <= last; period = nextPeriod(period)) {
      const cutOff = plannedRunAt(period, payoutCron, payoutTimezone);
      if (cutOff && cutOff >= installation.installedAt && cutOff <= now) planned.push({ period, cutOff });
    }
    return planned;
  }
}
