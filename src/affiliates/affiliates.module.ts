import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { AffiliateApproval } from './affiliate-approval.service.js';
import { AffiliateErasure } from './affiliate-erasure.js';
import { AffiliateEvents } from './affiliate-events.js';
import { AffiliatesController } from './affiliates.controller.js';
import { AffiliatesService } from './affiliates.service.js';
import { AffiliateCodes, CodeSuffixes } from './codes/affiliate-codes.js';
import { MeController } from './me.controller.js';
import { AffiliateNotices } from './notices/affiliate-notices.js';
import { BankPayouts } from './notices/bank-payouts.js';
import { MyNoticesController } from './notices/my-notices.controller.js';
import { NoticesController } from './notices/notices.controller.js';
import { AccountAnswers } from './onboarding/account-answers.js';
import { MyOnboardingController } from './onboarding/my-onboarding.controller.js';
import { OnboardingLinks } from './onboarding/onboarding-links.service.js';
import { OnboardingPagesController } from './onboarding/onboarding-pages.controller.js';
import { OnboardingController } from './onboarding/onboarding.controller.js';
import { OnboardingService } from './onboarding/onboarding.service.js';
import { PlansController } from './plans/plans.controller.js';
import { PlansService } from './plans/plans.service.js';

/** Who refers others, under which code, by which terms. Needs AccountGateway and AffiliateIpRecorder, bound by others. */
@Module({
  imports: [AuthModule],
  controllers: [
    AffiliatesController,
    OnboardingController,
    NoticesController,
    MeController,
    MyOnboardingController,
    MyNoticesController,
    PlansController,
    OnboardingPagesController,
  ],
  providers: [
    AffiliateApproval,
    AffiliatesService,
    AffiliateErasure,
    AffiliateEvents,
    AffiliateCodes,
    CodeSuffixes,
    PlansService,
    AccountAnswers,
    OnboardingService,
    OnboardingLinks,
    AffiliateNotices,
    BankPayouts,
  ],
  exports: [
    AffiliateApproval,
    AffiliatesService,
    AffiliateErasure,
    PlansService,
    OnboardingService,
    OnboardingLinks,
    BankPayouts,
  ],
})
export class AffiliatesModule {}
