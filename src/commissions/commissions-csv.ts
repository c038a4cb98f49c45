import type { Readable } from 'node:stream';
import { csvStream, majorAmount, minorAmount } from '../http/csv.js';
import type { CommissionDto } from './commission.dto.js';

/** Commissions as a file, each with the calculation behind its amount. */
export function commissionsCsv(commissions: AsyncIterable<CommissionDto>): Readable {
  return csvStream<CommissionDto>(
    {
      id: ({ id }) => id,
      affiliateId: ({ affiliateId }) => affiliateId,
      referralId: ({ referralId }) => referralId,
      invoiceId: ({ invoiceId }) => invoiceId,
      state: ({ state }) => state,
      amount: ({ amount, currency }) => majorAmount(BigInt(amount), currency),
      reversedAmount: ({ reversedAmount, currency }) => majorAmount(BigInt(reversedAmount), currency),
      netAmount: ({ netAmount, currency }) => majorAmount(BigInt(netAmount), currency),
      currency: ({ currency }) => currency,
      netAmountMinor: ({ netAmount }) => minorAmount(BigInt(netAmount)),
      rateBps: ({ explanation }) => explanation.rateBps,
      formula: ({ explanation }) => explanation.formula,
      availableAt: ({ availableAt }) => availableAt,
      payoutId: ({ payoutId }) => payoutId,
      paidAt: ({ paidAt }) => paidAt,
      createdAt: ({ createdAt }) => createdAt,
    },
    commissions,
  );
}
