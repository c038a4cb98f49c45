import { Injectable, Logger } from '@nestjs/common';
import type { PayoutRun } from '@prisma/client';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { lineOf } from '../../commissions/payout-lines.js';
import { Database, type Tx } from '../../database/database.js';
import { planByIndex } from '../../database/plan-by-index.js';
import { actedBy, type StaffAct } from '../../staff/staff-act.js';
import { runNotFound } from '../payout-errors.js';
import { PayoutOutcomes } from '../sending/payout-outcomes.js';
import { lockRun } from './run-lock.js';
import { keepOutcome } from './run-outcome.js';

const BATCH_SIZE = 500;

/** So many of the affiliates whose adjustment is paid are named. */
const NAMED_MAX = 10;

/** What staff decide about a run that waits (PAYOUT_APPROVAL=manual, or for funds that will not come). */
@Injectable()
export class RunDecisions {
  private readonly logger = new Logger(RunDecisions.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly outcomes: PayoutOutcomes,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Lets a reserved run be sent. Before each transfer the affiliate is looked at once more, so what changed since the
   * reservation counts. Whoever adjusted a balance that the run pays needs somebody else to approve it.
   *
   * @throws DomainError `payout_run_not_found`, `payout_run_not_waiting` (409); `second_approver_needed` and
   *   `reason_length` (422).
   */
  async approve(period: string, act: StaffAct): Promise<void> {
    await this.decide(period, 'approved', act, ['awaiting_approval'], 'sending');
  }

  /**
   * Ends a run that waits for approval or for funds: everything that was not sent is payable again and goes into the
   * next run. May be interrupted; whoever runs the period next finishes it.
   *
   * @throws DomainError `payout_run_not_found`, `payout_run_not_waiting` (409), `payouts_unresolved` (409) while the
   *   outcome of a transfer is not known; `reason_length` (422).
   */
  async cancel(period: string, act: StaffAct): Promise<void> {
    const run = await this.decide(period, 'canceled', act, ['awaiting_approval', 'waiting_for_funds'], 'canceled');
    await this.finishCanceling(run);
  }

  /**
   * Returns what is pending of a cancelled run. A run of which something was paid before is completed by that. Somebody
   * else may do so meanwhile, and somebody may even open the run again: what is pending then may be on its way.
   */
  async finishCanceling(run: PayoutRun): Promise<PayoutRun> {
    const { prisma } = this.database;
    for (;;) {
      const pending = await prisma.payout.findMany({
        // With the run's status in one statement: what is made once it is open again has other ids.
        where: { runId: run.id, status: 'pending', run: { status: 'canceled' } },
        orderBy: { id: 'asc' },
        take: BATCH_SIZE,
      });
      if (pending.length === 0) break;
      await this.outcomes.giveBack(pending, {
        status: 'canceled',
        failureCode: 'run_canceled',
        failureMessage: run.decisionReason,
      });
    }
    return this.database.transaction(async (tx) => {
      const current = await lockRun(tx, run.id);
      if (current.status !== 'canceled') return current;
      await keepOutcome(tx, run.id);
      const paid = { status: { in: ['paid', 'reversed'] } };
      await tx.payoutRun.updateMany({
        where: { id: run.id, payouts: { some: paid } },
        data: { status: 'completed' },
      });
      return tx.payoutRun.findUniqueOrThrow({ where: { id: run.id } });
    });
  }

  private async decide(
    period: string,
    made: 'approved' | 'canceled',
    act: StaffAct,
    from: string[],
    to: string,
  ): Promise<PayoutRun> {
    const { actorId, reason } = actedBy(act);
    const known = await this.database.prisma.payoutRun.findUnique({ where: { period } });
    if (!known) throw runNotFound(period);
    const decided = await this.database.transaction(async (tx) => {
      // Whoever is about to send holds a shared lock: it is waited for, and what it sends is seen below.
      const run = await lockRun(tx, known.id);
      if (!from.includes(run.status)) throw notWaiting(period, run.status, made);
      if (made === 'canceled') await this.refuseUnresolved(tx, run);
      else await this.refuseOwnAdjustments(tx, run, actorId);
      const decidedAt = this.clock.now();
      await this.audit.record(tx, {
        actorId,
        action: `payout_run.${made}`,
        subjectType: 'payout_run',
        subjectId: run.id,
        before: { period, status: run.status },
        after: { period, status: to },
        reason,
      });
      return tx.payoutRun.update({
        where: { id: run.id },
        data: {
          status: to,
          finishedAt: to === 'canceled' ? decidedAt : null,
          decision: made,
          decidedBy: actorId,
          decidedAt,
          decisionReason: reason,
        },
      });
    });
    this.logger.log({ message: `a payout run is ${made}`, period, staffUserId: actorId });
    return decided;
  }

  private async refuseUnresolved(tx: Tx, run: PayoutRun): Promise<void> {
    const unresolved = await tx.payoutAttempt.count({
      where: { outcome: 'unknown', payout: { runId: run.id, status: 'pending' } },
    });
    if (unresolved > 0) throw unresolvedPayouts(run, unresolved);
  }

  /** Two pairs of eyes: nobody gives money by an adjustment and approves the run that pays it. */
  private async refuseOwnAdjustments(tx: Tx, { id: runId, period }: PayoutRun, staffUserId: string): Promise<void> {
    // Few adjustments among many lines, of which the statistics know nothing right after the reservation.
    await planByIndex(tx);
    const paid = await tx.$queryRaw<{ affiliateId: string }[]>`
      SELECT DISTINCT p.affiliate_id AS "affiliateId"
      FROM journal_entries e
      JOIN postings p ON p.entry_id = e.id AND p.account = 'payable'
      CROSS JOIN LATERAL (${lineOf('p', 'p.seq')}) l
      JOIN payouts po ON po.id = l.payout_id AND po.status = 'pending'
      WHERE e.kind = 'adjustment' AND e.staff_user_id = ${staffUserId} AND po.run_id = ${runId}
      ORDER BY 1 LIMIT ${NAMED_MAX}`;
    if (paid.length > 0) throw secondApproverNeeded(period, staffUserId, paid);
  }
}

function notWaiting(period: string, status: string, made: string): DomainError {
  return new DomainError(
    'conflict',
    'payout_run_not_waiting',
    `The run of ${period} is ${status}: it cannot be ${made} now.`,
    { period, status },
  );
}

function unresolvedPayouts({ period, status }: PayoutRun, count: number): DomainError {
  // A run that was sent before it came to wait for approval again asks for nothing meanwhile.
  const remedy =
    status === 'awaiting_approval'
      ? 'approve the run first, which then goes on asking.'
      : 'the run goes on asking, try again later.';
  return new DomainError(
    'conflict',
    'payouts_unresolved',
    `The outcome of ${count} transfers of ${period} is not known yet: ${remedy}`,
    { period, count },
  );
}

function secondApproverNeeded(period: string, staffUserId: string, paid: { affiliateId: string }[]): DomainError {
  return new DomainError(
    'rule',
    'second_approver_needed',
    `The run of ${period} pays what you adjusted: somebody else of finance has to approve it.`,
    { period, staffUserId, affiliateIds: paid.map(({ affiliateId }) => affiliateId) },
  );
}
