import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { PayoutRun } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { HoldsService } from '../../commissions/holds.service.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { isDatabaseUnavailable } from '../../database/database-errors.js';
import { FundsWaits, waitsForFunds } from '../sending/funds-waits.js';
import { PayoutSender } from '../sending/payout-sender.js';
import { SendingHaltedError } from '../sending/sending-halted.error.js';
import { PayoutReservation } from './payout-reservation.js';
import { RunDecisions } from './run-decisions.service.js';
import { lockRun } from './run-lock.js';
import { keepOutcome } from './run-outcome.js';

export interface RunOptions {
  period: string;
  /** The run's cut-off; counts only when this call creates the run. */
  cutOff: Date;
  /** How long to wait while nothing gets on; what is left then is taken up by the scheduler. */
  patienceMs?: number;
}

const POLL_MS = 500;

/**
 * A payout run from end to end. A period has one run (unique constraint), so creating it twice is impossible and
 * resuming it is the normal case: after a crash, by a second instance, or from the command line.
 */
@Injectable()
export class PayoutRunsService {
  private readonly logger = new Logger(PayoutRunsService.name);

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly ids: IdGenerator,
    private readonly holds: HoldsService,
    private readonly reservation: PayoutReservation,
    private readonly decisions: RunDecisions,
    private readonly fundsWaits: FundsWaits,
    private readonly sender: PayoutSender,
  ) {}

  /**
   * Creates or resumes the period's run and takes it as far as it goes now.
   *
   * @throws SendingHaltedError when the payment provider must not be asked any more; the run keeps the reason.
   */
  async run({ period, cutOff, patienceMs = 0 }: RunOptions): Promise<PayoutRun> {
    let run = await this.findOrCreate(period, cutOff);
    if (run.status === 'canceled') return this.decisions.finishCanceling(run);
    if (run.status === 'reserving') run = await this.reserve(run);
    const pause = new Patience(patienceMs);
    while (isSending(run)) {
      let pending = Infinity;
      try {
        await this.send(run);
        ({ run, pending } = await this.conclude(run));
      } catch (error) {
        // The database restarts: what was sent meanwhile is unknown to us, and found out under its key.
        if (!isDatabaseUnavailable(error) || !pause.isLeft(pending)) throw error;
      }
      if (run.status !== 'sending' || this.sender.isStopping || !pause.isLeft(pending)) break;
      await sleep(POLL_MS);
    }
    return run;
  }

  /** Ends a run under way after the transfers that were already asked for; the next start resumes it. */
  stop(): void {
    this.sender.stop();
  }

  private async findOrCreate(period: string, cutOff: Date): Promise<PayoutRun> {
    await this.database.prisma.payoutRun.createMany({
      data: [{ id: this.ids.next('payoutRun'), period, cutOff, status: 'reserving', startedAt: this.clock.now() }],
      skipDuplicates: true,
    });
    return this.database.prisma.payoutRun.findUniqueOrThrow({ where: { period } });
  }

  private async reserve(run: PayoutRun): Promise<PayoutRun> {
    await this.holds.releaseDue(run.cutOff);
    await this.reservation.reserveAll(run);
    const status = this.config.payoutApproval === 'manual' ? 'awaiting_approval' : 'sending';
    // Compare-and-set; the row's lock waits for everybody who is still reserving.
    const { count } = await this.database.prisma.payoutRun.updateMany({
      where: { id: run.id, status: 'reserving' },
      data: { status },
    });
    if (count > 0 && status === 'awaiting_approval') {
      this.logger.warn({
        code: 'payout_run_awaits_approval',
        message: 'a payout run waits for approval',
        period: run.period,
      });
    }
    return this.database.prisma.payoutRun.findUniqueOrThrow({ where: { id: run.id } });
  }

  private async send(run: PayoutRun): Promise<void> {
    await this.fundsWaits.endWhereFunded();
    try {
      const hasSent = await this.sender.sendDue(run);
      if (hasSent && run.haltedAt !== null) await this.setHalted(run, null);
    } catch (error) {
      if (error instanceof SendingHaltedError) await this.setHalted(run, error);
      throw error;
    }
  }

  private async setHalted(run: PayoutRun, halt: SendingHaltedError | null): Promise<void> {
    await this.database.prisma.payoutRun.update({
      where: { id: run.id },
      data: {
        haltedAt: halt && (run.haltedAt ?? this.clock.now()),
        haltedReason: halt?.detail ?? null,
        haltedPayoutId: halt?.payoutId ?? null,
      },
    });
    if (halt) {
      const { detail, payoutId } = halt;
      this.logger.error({
        code: 'payouts_halted',
        message: 'sending payouts is halted until somebody has looked',
        period: run.period,
        payoutId,
        detail,
      });
    }
  }

  /**
   * Completed once nothing is pending; waiting when all that is left lacks funds. Locks the run first, as does whoever
   * adds payouts to it, so that none is added to a run that is being completed.
   */
  private async conclude(run: PayoutRun): Promise<{ run: PayoutRun; pending: number }> {
    const concluded = await this.database.transaction(async (tx) => {
      const current = await lockRun(tx, run.id);
      const [left] = await tx.$queryRaw<{ pending: number; sendable: number }[]>`
        SELECT count(*)::int AS pending, count(*) FILTER (WHERE NOT ${waitsForFunds()})::int AS sendable
        FROM payouts p WHERE p.run_id = ${run.id} AND p.status = 'pending'`;
      const { pending = 0, sendable = 0 } = left ?? {};
      if (!isSending(current)) return { run: current, pending };
      const status = pending === 0 ? 'completed' : sendable === 0 ? 'waiting_for_funds' : 'sending';
      if (status === current.status) return { run: current, pending };
      if (status === 'completed') await keepOutcome(tx, run.id);
      const finishedAt = status === 'completed' ? this.clock.now() : null;
      return { run: await tx.payoutRun.update({ where: { id: run.id }, data: { status, finishedAt } }), pending };
    });
    const { status } = concluded.run;
    if (status !== run.status && !isSending({ status })) {
      this.logger.log({ message: `a payout run is ${status}`, period: run.period });
    }
    return concluded;
  }
}

/** Waits as long as something gets on: fewer are pending than before. */
class Patience {
  private pendingBefore = Infinity;
  private giveUpAtMs: number;

  constructor(private readonly patienceMs: number) {
    this.giveUpAtMs = performance.now() + patienceMs;
  }

  isLeft(pending: number): boolean {
    if (pending < this.pendingBefore) this.giveUpAtMs = performance.now() + this.patienceMs;
    this.pendingBefore = pending;
    return performance.now() < this.giveUpAtMs;
  }
}

function isSending({ status }: { status: string }): boolean {
  return status === 'sending' || status === 'waiting_for_funds';
}
