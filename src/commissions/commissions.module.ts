import { Global, Module } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { FraudModule } from '../fraud/fraud.module.js';
import { ReferralEarnings } from '../referrals/referral-earnings.js';
import { ReferralEvents } from '../referrals/referral-events.js';
import { ReferralLifecycle } from '../referrals/referral-lifecycle.js';
import { ReferralObserver } from '../referrals/referral-observer.js';
import { AdjustmentsService } from './adjustments.service.js';
import { CommissionEvents } from './commission-events.js';
import { CommissionQueries } from './commission-queries.js';
import { CommissionsService } from './commissions.service.js';
import { HoldsService } from './holds.service.js';
import { JournalSealer } from './ledger/journal-sealer.service.js';
import { Ledger } from './ledger/ledger.js';
import { LedgerVerifier } from './ledger/ledger-verifier.js';
import { NightlyVerification } from './nightly-verification.js';
import { CaseDecisions } from './review/case-decisions.service.js';
import { SettlementAudit } from './settlement/settlement-audit.js';
import { SettlementReview } from './settlement/settlement-review.js';
import { SettlementService } from './settlement/settlement.service.js';
import { VerificationService } from './verification.service.js';

/** Global, because it answers the two ports that referrals declare (earnings, and what happens after a referral). */
@Global()
@Module({
  imports: [AffiliatesModule, FraudModule],
  providers: [
    AdjustmentsService,
    CaseDecisions,
    CommissionEvents,
    CommissionQueries,
    CommissionsService,
    HoldsService,
    JournalSealer,
    Ledger,
    LedgerVerifier,
    NightlyVerification,
    ReferralEvents,
    ReferralLifecycle,
    SettlementAudit,
    SettlementReview,
    SettlementService,
    VerificationService,
    { provide: ReferralObserver, useExisting: CommissionsService },
    { provide: ReferralEarnings, useExisting: CommissionQueries },
  ],
  exports: [
    AdjustmentsService,
    CaseDecisions,
    CommissionQueries,
    CommissionsService,
    HoldsService,
    JournalSealer,
    Ledger,
    LedgerVerifier,
    NightlyVerification,
    ReferralEvents,
    ReferralLifecycle,
    ReferralObserver,
    ReferralEarnings,
    VerificationService,
  ],
})
export class CommissionsModule {}
