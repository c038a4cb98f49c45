import { Module } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { AttributionService } from './attribution/attribution.service.js';
import { DecisionsService } from './attribution/decisions.service.js';
import { SignupGroups } from './attribution/signup-groups.service.js';
import { ClicksModule } from './clicks/clicks.module.js';
import { IpHashingModule } from './ip-hashing.module.js';
import { PromotionCodes } from './promotions/promotion-codes.service.js';
import { PromotionRedemptions } from './promotions/promotion-redemptions.service.js';
import { ReferralErasure } from './referral-erasure.js';
import { ReferralPresenter } from './referral-presenter.js';
import { ReferralsService } from './referrals.service.js';
import { StatsService } from './stats/stats.service.js';
import { SubIdsService } from './stats/sub-ids.service.js';

/**
 * Who brought whom: clicks, the decision about each signup, and the referrals that came of them. Needs ReferralObserver,
 * ReferralEarnings and PromotionCodeLookup, bound by others.
 */
@Module({
  imports: [AffiliatesModule, IpHashingModule, ClicksModule],
  providers: [
    AttributionService,
    DecisionsService,
    PromotionCodes,
    PromotionRedemptions,
    ReferralsService,
    ReferralErasure,
    ReferralPresenter,
    SignupGroups,
    StatsService,
    SubIdsService,
  ],
  exports: [
    AttributionService,
    DecisionsService,
    PromotionCodes,
    PromotionRedemptions,
    ReferralsService,
    ReferralErasure,
    SignupGroups,
    StatsService,
    SubIdsService,
  ],
})
export class ReferralsModule {}
