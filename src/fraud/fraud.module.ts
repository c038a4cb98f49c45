import { Global, Module } from '@nestjs/common';
import { SignupScreening } from '../referrals/attribution/signup-screening.js';
import { FraudErasure } from './fraud-erasure.js';
import { FraudEvaluation } from './fraud-evaluation.service.js';
import { FraudNewsList } from './fraud-news.service.js';
import { FraudScheduler } from './fraud-scheduler.js';
import { FraudScreening } from './fraud-screening.service.js';
import { PaymentMethods } from './payment-methods.js';
import { ReferralEmails } from './referral-emails.js';
import { ReviewCaseQueries } from './review-case-queries.js';
import { ReviewCases } from './review-cases.service.js';
import { RuleSettings } from './rule-settings.service.js';
import { Whitelist } from './whitelist.js';

/**
 * What looks like fraud: the rules with their settings, what they found, and the cases that wait for staff. Global,
 * because it answers the port that referrals declare (SignupScreening).
 */
@Global()
@Module({
  providers: [
    FraudErasure,
    FraudEvaluation,
    FraudNewsList,
    FraudScheduler,
    FraudScreening,
    PaymentMethods,
    ReferralEmails,
    ReviewCaseQueries,
    ReviewCases,
    RuleSettings,
    Whitelist,
    { provide: SignupScreening, useExisting: FraudScreening },
  ],
  exports: [
    FraudErasure,
    FraudEvaluation,
    FraudNewsList,
    PaymentMethods,
    ReviewCaseQueries,
    ReviewCases,
    RuleSettings,
    SignupScreening,
    Whitelist,
  ],
})
export class FraudModule {}
