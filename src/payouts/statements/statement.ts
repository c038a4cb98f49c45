import type { Affiliate, Payout, PayoutRun } from '@prisma/client';
import type { KindTotal } from './statement-items.js';

/** What stands on every form of a statement. */
export interface Statement {
  payout: Payout & { run: PayoutRun };
  affiliate: Affiliate;
  payer: string;
  totals: KindTotal[];
  itemCount: number;
  balance: { openingPayableMinor: bigint; closingPayableMinor: bigint; closingHeldMinor: bigint };
}
