import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Payout, PayoutRun } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { HoldsService } from '../../commissions/holds.service.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { PayoutReservation } from './payout-reservation.js';
import { PayoutSender } from '../sending/payout-sender.js';

export interface RunOptions {
  period: string;
  /** The run's cut-off; counts only when this call creates the run. */
  cutOff: Date;
  /** How long to wait in all for payouts that must be tried again; what is left then is taken up by the scheduler. */
  patienceMs?: number;
  onSettled?: (payout: Payout) => void;
}

/** Runs in these statuses have something left to do. */
export const UNFINISHED = ['reserving', 'sending', 'waiting_for_funds'];

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
    private readonly sender: PayoutSender,
  ) {}

  /**
   * Creates or resumes the period's run and takes it as far as it goes now.
   *
   * @throws SendingHaltedError when the payment provider must not be asked any more.
   */
  async run({ period, cutOff, patienceMs = 0, onSettled }: RunOptions): Promise<PayoutRun> {
    let run = await this.findOrCreate(period, cutOff);
    if (run.status === 'reserving') {
      await this.holds.releaseDue(run.cutOff);
      await this.reservation.reserveAll(run);
      run = await this.move(
        run,
        ['reserving'],
        this.config.payoutApproval === 'manual' ? 'awaiting_approval' : 'sending',
      );
    }
    const giveUpAtMs = performance.now() + patienceMs;
    while (run.status === 'sending' || run.status === 'waiting_for_funds') {
      await this.sender.sendDue(run.id, onSettled);
      run = await this.conclude(run);
      const isPatient = performance.now() < giveUpAtMs && !this.sender.isStopping;
      if (run.status !== 'sending' || !isPatient) break;
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

  /** Completed once nothing is pending; waiting when all that is left lacks funds. */
  private async conclude(run: PayoutRun): Promise<PayoutRun> {
    const pending = await this.database.prisma.payout.findMany({
      where: { runId: run.id, status: 'pending' },
      select: { attempts: { orderBy: { attemptNo: 'desc' }, take: 1, select: { outcome: true } } },
      take: 1000,
    });
    const lacksFunds =
      pending.length > 0 && pending.every(({ attempts }) => attempts[0]?.outcome === 'insufficient_funds');
    if (pending.length > 0 && !lacksFunds) return this.move(run, ['waiting_for_funds'], 'sending');
    const status = lacksFunds ? 'waiting_for_funds' : 'completed';
    const moved = await this.move(run, ['sending', 'waiting_for_funds'], status);
    if (lacksFunds) this.logger.warn({ message: 'a payout run waits for funds', period: run.period });
    else this.logger.log({ message: 'a payout run is completed', period: run.period });
    return moved;
  }

  /** Compare-and-set; the row's lock waits for everybody who is still reserving. */
  private async move(run: PayoutRun, from: string[], to: string): Promise<PayoutRun> {
    await this.database.prisma.payoutRun.updateMany({
      where: { id: run.id, status: { in: from } },
      data: { status: to, finishedAt: to === 'completed' ? this.clock.now() : null },
    });
    return this.database.prisma.payoutRun.findUniqueOrThrow({ where: { id: run.id } });
  }
}
