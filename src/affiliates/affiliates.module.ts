import { Module } from '@nestjs/common';
import { DashboardSessionsModule } from '../auth/dashboard-sessions.module.js';
import { AffiliateApproval } from './affiliate-approval.service.js';
import { AffiliateErasure } from './affiliate-erasure.js';
import { AffiliateEvents } from './affiliate-events.js';
import { AffiliatesService } from './affiliates.service.js';
import { AffiliateCodes, CodeSuffixes } from './codes/affiliate-codes.js';
import { AffiliateNotices } from './notices/affiliate-notices.js';
import { BankPayouts } from './notices/bank-payouts.js';
import { AccountAnswers } from './onboarding/account-answers.js';
import { OnboardingLinks } from './onboarding/onboarding-links.service.js';
import { OnboardingService } from './onboarding/onboarding.service.js';
import { PlansService } from './plans/plans.service.js';

/** Who refers others, under which code, by which terms. Needs AccountGateway and AffiliateIpRecorder, bound by others. */
@Module({
  imports: [DashboardSessionsModule],
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
    AffiliateNotices,
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
