import type { Payout } from '@prisma/client';
import { toJsonAmount } from '../common/money.js';
import type { PayoutDto } from './payout.dto.js';
import type { PayoutStatus } from './payout-status.js';

export function presentPayout(payout: Payout, period: string): PayoutDto {
  return {
    id: payout.id,
    affiliateId: payout.affiliateId,
    runId: payout.runId,
    period,
    amount: toJsonAmount(payout.amountMinor),
    amountReversed: toJsonAmount(payout.amountReversedMinor),
    currency: payout.currency,
    status: payout.status as PayoutStatus,
    stripeTransferId: payout.stripeTransferId,
    failureCode: payout.failureCode,
    failureMessage: payout.failureMessage,
    attempts: payout.sends,
    createdAt: payout.createdAt.toISOString(),
    paidAt: payout.paidAt?.toISOString() ?? null,
  };
}
