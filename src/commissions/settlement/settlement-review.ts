import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import { formatAmount } from '../../common/money.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import { FraudNewsList, type FraudNewsRow } from '../../fraud/fraud-news.service.js';
import { ReviewCases } from '../../fraud/review-cases.service.js';
import type { ReferralFacts } from './referral-facts.js';
import type { Settled } from './settlement-entries.js';
import { isPaidSince, type Target } from './targets.js';

/** Asks staff about what a settlement cannot judge by itself. The caller has locked the affiliates' balances. */
@Injectable()
export class SettlementReview {
  constructor(
    private readonly reviewCases: ReviewCases,
    private readonly fraudNews: FraudNewsList,
  ) {}

  /**
   * Opens, or adds to, the cases that these facts give reason for. Idempotent: each finding is told once. Of an affiliate
   * and rule a case is locked in that order, whatever order the referrals are in.
   */
  async report(tx: SqlTx, settled: readonly Settled[]): Promise<void> {
    const sorted = [...settled].sort((a, b) => (a.facts.referral.affiliateId < b.facts.referral.affiliateId ? -1 : 1));
    for (const { facts, targets } of sorted) {
      await this.reportOutOfBand(tx, facts);
      await this.reportUnknownStatuses(tx, facts.referral, targets);
    }
    await this.fraudNews.noteAll(tx, sorted.flatMap(newsOf));
  }

  /** Money that Stripe only knows by hearsay earns nothing before staff accept it. */
  private async reportOutOfBand(tx: SqlTx, { referral, invoices, rejections }: ReferralFacts): Promise<void> {
    // Nothing more of a rejected referral earns, so there is nothing to ask.
    if (rejections.length > 0) return;
    for (const invoice of invoices) {
      const { id, currency, amountPaidOffStripeMinor, stripeEventId } = invoice;
      if (amountPaidOffStripeMinor === 0n || !isPaidSince(invoice, referral.occurredAt)) continue;
      const amount = `${formatAmount(amountPaidOffStripeMinor, currency)} ${currency.toUpperCase()}`;
      await this.reviewCases.open(tx, {
        affiliateId: referral.affiliateId,
        rule: 'paid_out_of_band',
        signal: {
          key: id,
          summary: `Of invoice ${id}, ${amount} was paid outside Stripe; that part earns nothing by itself.`,
          evidence: { invoiceId: id, amountPaidOffStripe: amountPaidOffStripeMinor.toString() },
          referralId: referral.id,
          stripeEventId,
        },
      });
    }
  }

  /** What Stripe has said in a word that we do not know was settled on the careful side; a person must look. */
  private async reportUnknownStatuses(
    tx: SqlTx,
    { id: referralId, affiliateId }: Referral,
    targets: Target[],
  ): Promise<void> {
    const unknown = targets.flatMap(({ invoice, losses }) =>
      losses.losses.flatMap(({ id, source, unknownStatuses }) =>
        unknownStatuses.map((status) => ({ id, source, status, invoiceId: invoice.id })),
      ),
    );
    for (const { id, source, status, invoiceId } of unknown) {
      await this.reviewCases.open(tx, {
        affiliateId,
        rule: 'unknown_dispute_status',
        signal: {
          key: `${id}:${status}`,
          summary: `Stripe says that the ${source.replace('_', ' ')} ${id} is "${status}", which this version does not know.`,
          evidence: { invoiceId, lossId: id, status },
          referralId,
        },
      });
    }
  }
}

/** What the fraud rules look at again: that something was earned, and that something was lost. */
function newsOf({ facts, targets }: Settled): FraudNewsRow[] {
  const { affiliateId } = facts.referral;
  const hasEarned = targets.some(({ commission, withinTerm }) => commission === null && withinTerm);
  const hasLosses = targets.some(({ losses }) => losses.losses.length > 0);
  return [
    ...(hasEarned ? [{ affiliateId, news: 'commission' as const }] : []),
    ...(hasLosses ? [{ affiliateId, news: 'loss' as const }] : []),
  ];
}
