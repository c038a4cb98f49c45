import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import type { LedgerVerification } from '@prisma/client';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import { Config } from '../config/config.js';
import { lastNightAt } from '../config/payout-schedule.js';
import { Database } from '../database/database.js';
import { runAlone } from '../database/run-alone.js';
import { Metrics } from '../http/metrics.js';
import { formatHead } from './ledger/journal-seal.js';
import { VerificationService } from './verification.service.js';

/** Before the reconciliation and the payouts of the 1st (PAYOUT_CRON). */
const HOUR_OF_NIGHT = 2;
const EVERY_QUARTER_HOUR = '0 3-59/15 * * * *';

/**
 * Proves the ledger once a night, whichever instance comes first, and keeps what came out (money.md, "Invariants"). It
 * asks each quarter of an hour whether this night's is done, so one that was missed or failed is made up for.
 */
@Injectable()
export class NightlyVerification implements BeforeApplicationShutdown {
  private readonly logger = new Logger(NightlyVerification.name);
  private busy: Promise<void> | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly config: Config,
    private readonly database: Database,
    private readonly verification: VerificationService,
    metrics: Metrics,
  ) {
    metrics.addGauge(
      'ledger_verification_timestamp_seconds',
      'When the ledger was last proven, and was or was not sound.',
      'result',
      () => this.lastByResult(),
    );
  }

  /** The last night's result, if there is one. */
  findLast(): Promise<LedgerVerification | null> {
    return this.database.prisma.ledgerVerification.findFirst({ orderBy: { id: 'desc' } });
  }

  /** Never rejects. A second call while one is under way joins it. */
  @Cron(EVERY_QUARTER_HOUR)
  async tick(): Promise<void> {
    this.busy ??= this.work().finally(() => {
      this.busy = null;
    });
    await this.busy;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.busy;
  }

  private async work(): Promise<void> {
    try {
      await runAlone(this.database, 'ledger_verification', async () => {
        if (await this.isDue()) await this.verify();
      });
    } catch (error) {
      this.logger.warn({ message: 'the ledger is proven again in a quarter of an hour', error: String(error) });
    }
  }

  private async isDue(): Promise<boolean> {
    if (!(await this.database.prisma.journalEntry.findFirst({ select: { id: true } }))) return false;
    const last = await this.findLast();
    return last === null || last.startedAt < lastNightAt(HOUR_OF_NIGHT, this.clock.now(), this.config.payoutTimezone);
  }

  private async verify(): Promise<void> {
    const startedAt = this.clock.now();
    const { ok: isSound, invariants, head } = await this.verification.verify();
    const breaches = invariants.flatMap(({ name, breaches: found }) =>
      found.map((breach) => ({ invariant: name, breach })),
    );
    await this.database.prisma.ledgerVerification.create({
      data: {
        id: this.ids.next('ledgerVerification'),
        startedAt,
        finishedAt: this.clock.now(),
        breaches,
        isSound,
        head: head && formatHead(head),
      },
    });
    if (!isSound) {
      this.logger.error({
        code: 'ledger_unsound',
        message: 'the ledger breaks its own invariants; run ledger:verify before anything is paid',
        breaches,
      });
    }
  }

  private async lastByResult(): Promise<[string, number][]> {
    const last = await this.database.prisma.ledgerVerification.groupBy({
      by: ['isSound'],
      _max: { finishedAt: true },
      orderBy: { isSound: 'desc' },
    });
    return last.flatMap(({ isSound, _max: { finishedAt } }): [string, number][] =>
      finishedAt ? [[isSound ? 'sound' : 'unsound', finishedAt.getTime() / 1000]] : [],
    );
  }
}
