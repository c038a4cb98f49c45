import type { Readable } from 'node:stream';
import { csvStream, majorAmount, minorAmount } from '../http/csv.js';
import type { CommissionDto, ExplanationDto } from './commission.dto.js';

/** A commission as it stands in a file, with the calculation behind its amount. */
export type CommissionLine = Omit<CommissionDto, 'explanation'> & Pick<ExplanationDto, 'rateBps' | 'formula'>;

export function commissionsCsv(commissions: AsyncIterable<CommissionLine>): Readable {
  return csvStream<CommissionLine>(
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
      rateBps: ({ rateBps }) => rateBps,
      formula: ({ formula }) => formula,
      availableAt: ({ availableAt }) => availableAt,
      payoutId: ({ payoutId }) => payoutId,
      paidAt: ({ paidAt }) => paidAt,
      createdAt: ({ createdAt }) => createdAt,
    },
    commissions,
  );
}
