import { Module } from '@nestjs/common';
import { ReferralsController } from './referrals.controller.js';
import { DecisionsController } from './attribution/decisions.controller.js';
import { MyReferralsController } from './my-referrals.controller.js';
import { PromotionCodesController } from './promotions/promotion-codes.controller.js';
import { AffiliateStatsController } from './stats/affiliate-stats.controller.js';
import { RedirectController } from './clicks/redirect.controller.js';
import { ClicksController } from './clicks/clicks.controller.js';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { ClicksModule } from './clicks/clicks.module.js';
import { ReferralsModule } from './referrals.module.js';

/** The referral link, and the routes of clicks, referrals, decisions and statistics. */
@Module({
  imports: [AffiliatesModule, ReferralsModule, ClicksModule],
  controllers: [
    RedirectController,
    ClicksController,
    ReferralsController,
    DecisionsController,
    MyReferralsController,
    AffiliateStatsController,
    PromotionCodesController,
  ],
})
export class ReferralsApiModule {}
