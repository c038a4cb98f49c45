import { Injectable } from '@nestjs/common';
import { PayoutRetry } from '../../payouts/runs/payout-retry.service.js';
import { PayoutScheduler } from '../../payouts/runs/payout-scheduler.js';
import { RunDecisions } from '../../payouts/runs/run-decisions.service.js';
import { Database } from '../../database/database.js';
import type { StaffAction } from './staff-action.js';

const WAITING = ['awaiting_approval', 'waiting_for_funds'];

/** What staff decide about runs and payouts. */
@Injectable()
export class PayoutActions {
  constructor(
    private readonly decisions: RunDecisions,
    private readonly retry: PayoutRetry,
    private readonly scheduler: PayoutScheduler,
    private readonly database: Database,
  ) {}

  ofRuns(): StaffAction[] {
    return [
      {
        name: 'approve',
        label: 'Approve and send',
        icon: 'Check',
        on: 'record',
        role: 'finance',
        explains:
          'Everything that is reserved is sent to Stripe from now on. Each affiliate is looked at once more right before their transfer. Nobody can approve a run that pays a balance they adjusted.',
        fits: ({ status }) => status === 'awaiting_approval',
        perform: async ({ ids: [id = ''], act }) => {
          const period = await this.periodOf(id);
          await this.decisions.approve(period, act);
          this.sendSoon();
          return `The run of ${period} is approved and being sent.`;
        },
      },
      {
        name: 'cancel',
        label: 'Cancel',
        icon: 'X',
        on: 'record',
        role: 'finance',
        isDangerous: true,
        explains: 'Nothing more is sent. What is reserved becomes payable again and goes into the next run.',
        fits: ({ status }) => WAITING.includes(String(status)),
        perform: async ({ ids: [id = ''], act }) => {
          const period = await this.periodOf(id);
          await this.decisions.cancel(period, act);
          return `The run of ${period} is canceled; everything is payable again.`;
        },
      },
      {
        name: 'retryFailed',
        label: 'Pay the failed ones anew',
        icon: 'RefreshCw',
        on: 'record',
        role: 'finance',
        explains:
          'Makes new payouts in this run for those that failed or were canceled, by today’s eligibility. Nobody is paid twice: only money that came back is taken.',
        fits: ({ status }) => ['completed', 'sending', ...WAITING].includes(String(status)),
        perform: async ({ ids: [id = ''], act }) => {
          const made = await this.retry.retryFailed(await this.periodOf(id), act);
          this.sendSoon();
          return made === 1 ? 'One payout is made anew.' : `${made} payouts are made anew.`;
        },
      },
    ];
  }

  ofPayouts(): StaffAction[] {
    return [
      {
        name: 'retry',
        label: 'Pay anew',
        icon: 'RefreshCw',
        on: 'record',
        role: 'finance',
        explains:
          'Makes a new payout in the same run from what is payable today. This one stays as it is. Nobody is paid twice: only money that came back is taken.',
        fits: ({ status }) => status === 'failed' || status === 'canceled',
        perform: async ({ ids: [id = ''], act }) => {
          const wasMade = await this.retry.retryPayout(id, act);
          this.sendSoon();
          return wasMade ? 'A new payout is made.' : 'No payout was made: the run’s skipped balances say why.';
        },
      },
    ];
  }

  /** The next minute's tick would do it; whoever watches need not wait for it. It reports its own troubles. */
  private sendSoon(): void {
    void this.scheduler.tick();
  }

  private async periodOf(id: string): Promise<string> {
    return (await this.database.prisma.payoutRun.findUniqueOrThrow({ where: { id } })).period;
  }
}
