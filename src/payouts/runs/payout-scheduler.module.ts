import { Module } from '@nestjs/common';
import { PayoutScheduler } from './payout-scheduler.js';
import { PayoutsModule } from '../payouts.module.js';

/** Apart from PayoutsModule, because a command pays without starting a schedule. */
@Module({ imports: [PayoutsModule], providers: [PayoutScheduler] })
export class PayoutSchedulerModule {}
