import { Injectable } from '@nestjs/common';
import { Prisma, type Payout, type PayoutRun } from '@prisma/client';
import { AuditLog, type AuditRecord } from '../../audit/audit-log.js';
import { DomainError } from '../../common/domain-error.js';
import type { BalanceKey } from '../../commissions/ledger/balances.js';
import { Config } from '../../config/config.js';
import { Database, type Tx } from '../../database/database.js';
import { actedBy, type StaffAct } from '../../staff/staff-act.js';
import { PlatformFunds } from '../eligibility/platform-funds.js';
import { payoutNotFound, runNotFound } from '../payout-errors.js';
import { PayoutReservation, type ReservationOptions } from './payout-reservation.js';
import { lockRun } from './run-lock.js';
import { keepOutcome } from './run-outcome.js';

const BATCH_SIZE = 500;

/** A run of which something may be paid anew: all it was to pay first is reserved, and nobody has called it off. */
const RETRYABLE = ['awaiting_approval', 'sending', 'waiting_for_funds', 'completed'];

/** Who retries what, and why; what came of it is added. */
type RetryRecord = Omit<AuditRecord, 'before' | 'after'>;

/** Gives those another chance within the period whose payout failed, or was canceled because of their account. */
@Injectable()
export class PayoutRetry {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly platformFunds: PlatformFunds,
    private readonly reservation: PayoutReservation,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes new payouts in the period's run for its failed and canceled ones, from the postings that are unlined today and
   * by today's eligibility; who is not eligible stays skipped with today's reason. The run is then `sending` again, or
   * awaits approval as a whole (PAYOUT_APPROVAL=manual); sending is the caller's next step, or the scheduler's.
   *
   * In batches of one transaction each, which lock the run and then the balances: may be interrupted and called again,
   * and twice at once makes each payout once. Audited batch by batch.
   *
   * @returns how many payouts were made.
   * @throws DomainError `payout_run_not_found`, `payout_run_not_retryable` (409), `reason_length`.
   */
  async retryFailed(period: string, act: StaffAct): Promise<number> {
    const by = actedBy(act);
    const run = await this.database.prisma.payoutRun.findUnique({ where: { period } });
    if (!run) throw runNotFound(period);
    const about: RetryRecord = {
      ...by,
      action: 'payout_run.failed_retried',
      subjectType: 'payout_run',
      subjectId: run.id,
    };
    const heldCurrencies = await this.platformFunds.findHeldCurrencies();
    let made = 0;
    let after: BalanceKey = { affiliateId: '', currency: '' };
    for (;;) {
      const keys = await this.findFailed(run.id, after);
      const last = keys.at(-1);
      if (!last) return made;
      made += await this.database.transaction((tx) => this.retryBatch(tx, run.id, keys, { heldCurrencies }, about));
      after = last;
    }
  }

  /**
   * The same for one payout of the run. Nothing is made while the balance has another one in it that stands.
   *
   * @returns whether a payout was made; if not, the run's skipped ones say why.
   * @throws DomainError `payout_not_found`, `payout_not_retryable`, `payout_run_not_retryable` (409), `reason_length`.
   */
  async retryPayout(id: string, act: StaffAct): Promise<boolean> {
    const about: RetryRecord = { ...actedBy(act), action: 'payout.retried', subjectType: 'payout', subjectId: id };
    const payout = await this.database.prisma.payout.findUnique({ where: { id } });
    if (!payout) throw payoutNotFound(id);
    const { runId, status } = payout;
    if (!['failed', 'canceled'].includes(status)) throw payoutNotRetryable(payout);
    const heldCurrencies = await this.platformFunds.findHeldCurrencies();
    const made = await this.database.transaction((tx) =>
      this.retryBatch(tx, runId, [payout], { heldCurrencies }, about),
    );
    return made > 0;
  }

  private async retryBatch(
    tx: Tx,
    runId: string,
    keys: BalanceKey[],
    options: ReservationOptions,
    about: RetryRecord,
  ): Promise<number> {
    const run = await lockRun(tx, runId);
    if (!RETRYABLE.includes(run.status)) throw notRetryable(run);
    const made = await this.reservation.reserveAgain(tx, run, keys, options);
    if (made === 0) {
      // The reasons why not may be others than they were.
      if (run.outcome !== null) await keepOutcome(tx, runId);
      return 0;
    }
    // In the same transaction as the payouts: a run that is completed must have none that wait.
    const { period, status } = await tx.payoutRun.update({ where: { id: runId }, data: this.reopened(run) });
    await this.audit.record(tx, {
      ...about,
      before: { period, runStatus: run.status },
      after: { period, runStatus: status, payoutsMade: made },
    });
    return made;
  }

  private reopened(run: PayoutRun): Prisma.PayoutRunUpdateInput {
    const status = run.status === 'completed' ? 'sending' : run.status;
    return {
      status: this.config.payoutApproval === 'manual' ? 'awaiting_approval' : status,
      finishedAt: null,
      outcome: Prisma.DbNull,
    };
  }

  private findFailed(runId: string, after: BalanceKey): Promise<BalanceKey[]> {
    return this.database.prisma.$queryRaw<BalanceKey[]>`
      SELECT affiliate_id AS "affiliateId", currency FROM payouts
      WHERE run_id = ${runId} AND (affiliate_id, currency) > (${after.affiliateId}, ${after.currency})
      GROUP BY affiliate_id, currency
      HAVING bool_and(status IN ('failed', 'canceled'))
      ORDER BY affiliate_id, currency LIMIT ${BATCH_SIZE}`;
  }
}

function notRetryable({ period, status }: PayoutRun): DomainError {
  return new DomainError(
    'conflict',
    'payout_run_not_retryable',
    `The run of ${period} is ${status}: failed payouts can be made anew once it is being sent or completed.`,
    { period, status },
  );
}

function payoutNotRetryable({ id, status }: Payout): DomainError {
  return new DomainError(
    'conflict',
    'payout_not_retryable',
    `Payout ${id} is ${status}: only a failed or canceled one can be made anew.`,
    { id, status },
  );
}
