import { Module } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { AttributionService } from './attribution/attribution.service.js';
import { DecisionsController } from './attribution/decisions.controller.js';
import { DecisionsService } from './attribution/decisions.service.js';
import { ClicksModule } from './clicks/clicks.module.js';
import { IpHashingModule } from './ip-hashing.module.js';
import { MyReferralsController } from './my-referrals.controller.js';
import { ReferralErasure } from './referral-erasure.js';
import { ReferralPresenter } from './referral-presenter.js';
import { ReferralsController } from './referrals.controller.js';
import { ReferralsService } from './referrals.service.js';
import { AffiliateStatsController } from './stats/affiliate-stats.controller.js';
import { StatsService } from './stats/stats.service.js';
import { SubIdsService } from './stats/sub-ids.service.js';

/**
 * Who brought whom: clicks, the decision about each signup, and the referrals that came of them. Needs ReferralObserver
 * and ReferralEarnings, bound by others.
 */
@Module({
  imports: [AffiliatesModule, IpHashingModule, ClicksModule],
  controllers: [ReferralsController, DecisionsController, MyReferralsController, AffiliateStatsController],
  providers: [
    AttributionService,
    DecisionsService,
    ReferralsService,
    ReferralErasure,
    ReferralPresenter,
    StatsService,
    SubIdsService,
  ],
  exports: [AttributionService, DecisionsService, ReferralsService, ReferralErasure, StatsService],
})
export class ReferralsModule {}
