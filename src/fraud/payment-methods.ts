import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { Tx } from '../database/database.js';
import { lockReferralSubjects } from '../referrals/referral-locks.js';
import { FraudNewsList } from './fraud-news.service.js';
import { lockComparedSignups } from './signup-locks.js';

/** A card or bank account, by the fingerprint that the payment provider gives it: the same for the same number. */
export interface PaymentMethodFact {
  fingerprint: string;
  /** The provider's word: `card`, `bank_account`, `sepa_debit` … */
  kind: string;
}

/** Keeps what customers paid with and what affiliates are paid out to, for the rules that compare the two. */
@Injectable()
export class PaymentMethods {
  constructor(
    private readonly clock: Clock,
    private readonly news: FraudNewsList,
  ) {}

  /**
   * A customer has paid with it; kept whether or not anybody referred that customer yet. Idempotent. Locks the customer: a
   * signup of theirs at the same moment finds it, or is found by it.
   */
  async customerPaid(tx: Tx, customerId: string, method: PaymentMethodFact): Promise<void> {
    await lockReferralSubjects(tx, { stripeCustomerId: customerId });
    const { count } = await tx.customerPaymentMethod.createMany({
      data: [{ customerId, ...method, firstSeenAt: this.clock.now() }],
      skipDuplicates: true,
    });
    if (count === 0) return;
    const referral = await tx.referral.findUnique({ where: { stripeCustomerId: customerId } });
    if (referral) await this.news.note(tx, 'commission', referral.affiliateId);
  }

  /**
   * An affiliate's account is paid out to it. What it once was stays known. Idempotent. Locks the affiliate's signups, like
   * those who credit them: whoever comes second sees both.
   */
  async accountIsPaidTo(tx: Tx, accountId: string, method: PaymentMethodFact): Promise<void> {
    const { count } = await tx.accountPayoutMethod.createMany({
      data: [{ accountId, ...method, firstSeenAt: this.clock.now() }],
      skipDuplicates: true,
    });
    if (count === 0) return;
    const account = await tx.affiliateAccount.findUnique({ where: { accountId } });
    if (!account) return;
    await lockComparedSignups(tx, { affiliateIds: [account.affiliateId], emailHashes: [] });
    await this.news.note(tx, 'account', account.affiliateId);
  }
}
