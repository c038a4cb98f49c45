import { Module } from '@nestjs/common';
import { PayoutsController } from './payouts.controller.js';
import { MyPayoutsController } from './my-payouts.controller.js';
import { PayoutStatementsController } from './statements/payout-statements.controller.js';
import { PayoutStatementsService } from './statements/payout-statements.service.js';
import { MyPayoutStatementsController } from './statements/my-payout-statements.controller.js';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { PayoutsModule } from './payouts.module.js';

/** The routes of payout runs, payouts and statements. */
@Module({
  imports: [AffiliatesModule, PayoutsModule],
  controllers: [PayoutsController, MyPayoutsController, PayoutStatementsController, MyPayoutStatementsController],
  providers: [PayoutStatementsService],
})
export class PayoutsApiModule {}
