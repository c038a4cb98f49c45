import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import type { LedgerVerification, LedgerVerificationRequest } from '@prisma/client';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import { SingleFlight } from '../common/single-flight.js';
import { Config } from '../config/config.js';
import { lastNightAt } from '../config/payout-schedule.js';
import { lockNames } from '../database/advisory-locks.js';
import { Database } from '../database/database.js';
import { runAlone } from '../database/run-alone.js';
import { Metrics } from '../http/metrics.js';
import { actedBy, type StaffAct } from '../staff/staff-act.js';
import { formatHead } from './ledger/journal-seal.js';
import { VerificationService } from './verification.service.js';

/** Before the reconciliation and the payouts of the 1st (PAYOUT_CRON). */
const HOUR_OF_NIGHT = 2;
const EVERY_QUARTER_HOUR = '0 3-59/15 * * * *';

/**
 * Proves the ledger once a night, and when staff ask for it, whichever instance comes first, and keeps what came out
 * (ARCHITECTURE.md, "Invariants"). It asks each quarter of an hour whether this night's is done and whether somebody asked, so a
 * proof that was missed or failed is made up for.
 */
@Injectable()
export class NightlyVerification implements BeforeApplicationShutdown {
  private readonly logger = new Logger(NightlyVerification.name);
  private readonly flight = new SingleFlight();

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly config: Config,
    private readonly database: Database,
    private readonly verification: VerificationService,
    private readonly audit: AuditLog,
    metrics: Metrics,
  ) {
    metrics.addGauge(
      'ledger_verification_timestamp_seconds',
      'When the ledger was last proven, and was or was not sound.',
      'result',
      () => this.lastByResult(),
    );
  }

  /** The last result, if there is one. */
  findLast(): Promise<LedgerVerification | null> {
    return this.database.prisma.ledgerVerification.findFirst({ orderBy: { id: 'desc' } });
  }

  /** What staff asked for and no proof has answered yet. */
  findRequest(): Promise<LedgerVerificationRequest | null> {
    return this.database.prisma.ledgerVerificationRequest.findFirst({ where: { verificationId: null } });
  }

  /**
   * Asks for a proof that begins after this moment: in the background, on this instance at once, or on any other within
   * a quarter of an hour should this one end. Audited as `ledger.verification_requested`. While another request waits,
   * nothing is asked for twice.
   *
   * @returns whether it was asked for by this call.
   * @throws DomainError `reason_length`.
   */
  async request(act: StaffAct): Promise<boolean> {
    const by = actedBy(act);
    const wasAsked = await this.database.transaction(async (tx) => {
      await lockNames(tx, ['ledger-verification-request']);
      if (await tx.ledgerVerificationRequest.findFirst({ where: { verificationId: null } })) return false;
      const id = this.ids.next('ledgerVerificationRequest');
      await tx.ledgerVerificationRequest.create({
        data: { id, requestedBy: act.staffUserId, requestedAt: this.clock.now() },
      });
      await this.audit.record(tx, {
        ...by,
        action: 'ledger.verification_requested',
        subjectType: 'ledger_verification_request',
        subjectId: id,
        before: null,
        after: null,
      });
      return true;
    });
    // Not waited for: it may take minutes, and reports its own troubles.
    void this.tick();
    return wasAsked;
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
      await runAlone(this.database, 'ledger_verification', async () => {
        // Somebody may ask while a proof is under way, which began before and is no answer.
        while (await this.isDue()) await this.verify();
      });
    } catch (error) {
      this.logger.warn({ message: 'the ledger is proven again in a quarter of an hour', error: String(error) });
    }
  }

  private async isDue(): Promise<boolean> {
    if (await this.findRequest()) return true;
    if (!(await this.database.prisma.journalEntry.findFirst({ select: { id: true } }))) return false;
    const last = await this.findLast();
    return last === null || last.startedAt < lastNightAt(HOUR_OF_NIGHT, this.clock.now(), this.config.payoutTimezone);
  }

  private async verify(): Promise<void> {
    const startedAt = this.clock.now();
    const answered = await this.database.prisma.ledgerVerificationRequest.findMany({ where: { verificationId: null } });
    const { ok: isSound, invariants, head } = await this.verification.verify();
    const breaches = invariants.flatMap(({ name, breaches: found }) =>
      found.map((breach) => ({ invariant: name, breach })),
    );
    await this.database.prisma.ledgerVerification.create({
      data: {
        id: this.ids.next('ledgerVerification'),
        requests: { connect: answered.map(({ id }) => ({ id })) },
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
