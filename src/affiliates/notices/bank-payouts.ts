import { Injectable } from '@nestjs/common';
import { formatAmount, toJsonAmount } from '../../common/money.js';
import type { Tx } from '../../database/database.js';
import { AffiliateNotices } from './affiliate-notices.js';
import { failureText } from './bank-payout-failure.js';

/** A payout from an affiliate's Stripe balance to its bank that did not arrive. */
export interface FailedBankPayout {
  /** Stripe's id of it: a payout of the affiliate's own account, none of ours. */
  bankPayoutId: string;
  accountId: string;
  amountMinor: bigint;
  currency: string;
  failureCode: string | null;
  stripeEventId: string;
  occurredAt: Date;
}

/** What becomes of the money after it was transferred: Stripe pays it out to the affiliate's bank. */
@Injectable()
export class BankPayouts {
  constructor(private readonly notices: AffiliateNotices) {}

  /**
   * Tells the affiliate that its bank sent money back. No money of ours moves: it is in the affiliate's own Stripe
   * balance, goes out by itself once the bank account is right, and must never be transferred again. Idempotent by
   * Stripe's id of the payout. An account that no affiliate ever had is nobody's news.
   */
  async recordFailure(tx: Tx, failed: FailedBankPayout): Promise<void> {
    const { bankPayoutId, accountId, amountMinor, currency, failureCode, stripeEventId, occurredAt } = failed;
    const account = await tx.affiliateAccount.findUnique({ where: { accountId } });
    if (account === null) return;
    const amount = `${formatAmount(amountMinor, currency)} ${currency.toUpperCase()}`;
    await this.notices.record(tx, {
      affiliateId: account.affiliateId,
      kind: 'bank_payout_failed',
      message:
        `Stripe could not pay ${amount} to your bank: ${failureText(failureCode)}. ` +
        'The money is safe in your Stripe balance and will not be sent a second time. ' +
        'Open a new onboarding link and put your bank account right; Stripe then tries again by itself.',
      details: { bankPayoutId, accountId, amount: toJsonAmount(amountMinor), currency, failureCode },
      uniqueKey: `bank_payout_failed:${bankPayoutId}`,
      stripeEventId,
      occurredAt,
    });
  }
}
