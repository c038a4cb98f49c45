import { Module } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { CommissionsModule } from '../commissions/commissions.module.js';
import { FraudModule } from '../fraud/fraud.module.js';
import { PlatformFunds } from './eligibility/platform-funds.js';
import { FundsWaits } from './sending/funds-waits.js';
import { PayoutAttempts } from './sending/payout-attempts.js';
import { PayoutClaims } from './sending/payout-claims.js';
import { PayoutOutcomes } from './sending/payout-outcomes.js';
import { SenderLease } from './sending/sender-lease.js';
import { PayoutPreviewService } from './preview/payout-preview.service.js';
import { PayoutEvents } from './payout-events.js';
import { PayoutMetrics } from './payout-metrics.js';
import { PayoutQueries } from './payout-queries.js';
import { PayoutReservation } from './runs/payout-reservation.js';
import { PayoutRetry } from './runs/payout-retry.service.js';
import { PayoutRunsService } from './runs/payout-runs.service.js';
import { RunDecisions } from './runs/run-decisions.service.js';
import { PayoutSender } from './sending/payout-sender.js';
import { UpcomingPayouts } from './upcoming/upcoming-payouts.service.js';
import { ReconciliationService } from './reconciliation/reconciliation.service.js';
import { TwoSides } from './reconciliation/two-sides.js';
import { ClawbackDebts } from './reversals/clawback-debts.js';
import { ClawbackSender } from './reversals/clawback-sender.js';
import { TransferReversals } from './reversals/transfer-reversals.service.js';

/**
 * Needs PayoutGateway, TransferReader and TransferReversalGateway, bound by src/stripe. The schedulers are provided by the
 * application, and only by a server.
 */
@Module({
  imports: [AffiliatesModule, CommissionsModule, FraudModule],
  providers: [
    ClawbackDebts,
    ClawbackSender,
    FundsWaits,
    PayoutAttempts,
    PayoutClaims,
    PayoutEvents,
    PayoutOutcomes,
    PayoutMetrics,
    PayoutPreviewService,
    PayoutQueries,
    PayoutReservation,
    PayoutRetry,
    PayoutRunsService,
    PayoutSender,
    PlatformFunds,
    ReconciliationService,
    RunDecisions,
    SenderLease,
    TransferReversals,
    TwoSides,
    UpcomingPayouts,
  ],
  exports: [
    ClawbackDebts,
    ClawbackSender,
    PayoutPreviewService,
    PayoutQueries,
    PayoutRetry,
    PayoutRunsService,
    ReconciliationService,
    RunDecisions,
    TransferReversals,
    UpcomingPayouts,
  ],
})
export class PayoutsModule {}
