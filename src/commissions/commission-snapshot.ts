import type { Commission } from '@prisma/client';
import { toJsonAmount } from '../common/money.js';
import type { CommissionDto } from './commission.dto.js';

export type CommissionFacts = Pick<
  Commission,
  'id' | 'affiliateId' | 'referralId' | 'invoiceId' | 'currency' | 'amountMinor' | 'availableAt' | 'createdAt'
>;

/** A commission as hosts and affiliates are told of it, but for the explanation, which takes a look at its history. */
export function snapshotOf(
  row: CommissionFacts & {
    netMinor: bigint;
    state: CommissionDto['state'];
    paidAt: Date | null;
    payoutId: string | null;
  },
): Omit<CommissionDto, 'explanation'> & Record<string, string | number | null> {
  return {
    id: row.id,
    affiliateId: row.affiliateId,
    referralId: row.referralId,
    invoiceId: row.invoiceId,
    amount: toJsonAmount(row.amountMinor),
    reversedAmount: toJsonAmount(row.amountMinor - row.netMinor),
    netAmount: toJsonAmount(row.netMinor),
    currency: row.currency,
    state: row.state,
    availableAt: row.availableAt.toISOString(),
    paidAt: row.paidAt?.toISOString() ?? null,
    payoutId: row.payoutId,
    createdAt: row.createdAt.toISOString(),
  };
}
