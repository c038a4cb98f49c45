import { Injectable, Logger } from '@nestjs/common';
import type { PayoutRun } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { Database } from '../../database/database.js';
import { runNotFound } from '../payout-errors.js';
import { PayoutOutcomes } from '../sending/payout-outcomes.js';
import { lockRun } from './run-lock.js';

const BATCH_SIZE = 500;

/** Who decides about a run, and why. */
export interface RunDecision {
  staffUserId: string;
  reason: string | null;
}

/** What staff decide about a run that waits (PAYOUT_APPROVAL=manual, or for funds that will not come). */
@Injectable()
export class RunDecisions {
  private readonly logger = new Logger(RunDecisions.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly outcomes: PayoutOutcomes,
  ) {}

  /**
   * Lets a reserved run be sent. Before each transfer the affiliate is looked at once more, so what changed since the
   * reservation counts.
   *
   * @throws DomainError `payout_run_not_found`, `payout_run_not_waiting` (409).
   */
  async approve(period: string, decision: RunDecision): Promise<void> {
    await this.decide(period, 'approved', decision, ['awaiting_approval'], 'sending');
  }

  /**
   * Ends a run that waits for approval or for funds: everything that was not sent is payable again and goes into the
   * next run. May be interrupted; whoever runs the period next finishes it.
   *
   * @throws DomainError `payout_run_not_found`, `payout_run_not_waiting` (409), `payouts_unresolved` (409) while the
   *   outcome of a transfer is not known.
   */
  async cancel(period: string, decision: RunDecision & { reason: string }): Promise<void> {
    const run = await this.decide(period, 'canceled', decision, ['awaiting_approval', 'waiting_for_funds'], 'canceled');
    await this.finishCanceling(run);
  }

  /** Returns what is pending of a cancelled run. A run of which something was paid before is completed by that. */
  async finishCanceling(run: PayoutRun): Promise<PayoutRun> {
    const { prisma } = this.database;
    for (;;) {
      const pending = await prisma.payout.findMany({
        where: { runId: run.id, status: 'pending' },
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
    await prisma.payoutRun.updateMany({
      where: { id: run.id, status: 'canceled', payouts: { some: { status: { in: ['paid', 'reversed'] } } } },
      data: { status: 'completed' },
    });
    return prisma.payoutRun.findUniqueOrThrow({ where: { id: run.id } });
  }

  private async decide(
    period: string,
    made: 'approved' | 'canceled',
    { staffUserId, reason }: RunDecision,
    from: string[],
    to: string,
  ): Promise<PayoutRun> {
    const known = await this.database.prisma.payoutRun.findUnique({ where: { period } });
    if (!known) throw runNotFound(period);
    const decided = await this.database.transaction(async (tx) => {
      // Whoever is about to send holds a shared lock: it is waited for, and what it sends is seen below.
      const run = await lockRun(tx, known.id);
      if (!from.includes(run.status)) throw notWaiting(period, run.status, made);
      if (made === 'canceled') {
        const unresolved = await tx.payoutAttempt.count({
          where: { outcome: 'unknown', payout: { runId: run.id, status: 'pending' } },
        });
        if (unresolved > 0) throw unresolvedPayouts(period, unresolved);
      }
      const decidedAt = this.clock.now();
      return tx.payoutRun.update({
        where: { id: run.id },
        data: {
          status: to,
          finishedAt: to === 'canceled' ? decidedAt : null,
          decision: made,
          decidedBy: staffUserId,
          decidedAt,
          decisionReason: reason,
        },
      });
    });
    this.logger.log({ message: `a payout run is ${made}`, period, staffUserId });
    return decided;
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

function unresolvedPayouts(period: string, count: number): DomainError {
  return new DomainError(
    'conflict',
    'payouts_unresolved',
    `The outcome of ${count} transfers of ${period} is not known yet: the run goes on asking, try again later.`,
    { period, count },
  );
}
