import { Module } from '@nestjs/common';
import { PayoutScheduler } from './payout-scheduler.js';
import { ClawbackScheduler } from '../reversals/clawback-scheduler.js';
import { ReconciliationMetrics } from '../reconciliation/reconciliation-metrics.js';
import { ReconciliationScheduler } from '../reconciliation/reconciliation-scheduler.js';
import { PayoutsModule } from '../payouts.module.js';

/** Apart from PayoutsModule, because a command pays without starting a schedule. */
@Module({
  imports: [PayoutsModule],
  providers: [ClawbackScheduler, PayoutScheduler, ReconciliationMetrics, ReconciliationScheduler],
  exports: [PayoutScheduler],
})
export class PayoutSchedulerModule {}
