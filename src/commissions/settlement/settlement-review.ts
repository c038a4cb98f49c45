import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import { formatAmount } from '../../common/money.js';
import type { Tx } from '../../database/database.js';
import { FraudNewsList } from '../../fraud/fraud-news.service.js';
import { ReviewCases } from '../../fraud/review-cases.service.js';
import type { ReferralFacts } from './referral-facts.js';
import { isPaidSince, type Target } from './targets.js';

/** Asks staff about what a settlement cannot judge by itself. The caller has locked the affiliate's balances. */
@Injectable()
export class SettlementReview {
  constructor(
    private readonly reviewCases: ReviewCases,
    private readonly fraudNews: FraudNewsList,
  ) {}

  /** Opens, or adds to, the cases that these facts give reason for. Idempotent: each finding is told once. */
  async report(tx: Tx, facts: ReferralFacts, targets: Target[]): Promise<void> {
    await this.reportOutOfBand(tx, facts);
    await this.reportUnknownStatuses(tx, facts.referral, targets);
    await this.tellFraudRules(tx, facts.referral.affiliateId, targets);
  }

  private async tellFraudRules(tx: Tx, affiliateId: string, targets: Target[]): Promise<void> {
    const hasEarned = targets.some(({ commission, withinTerm }) => commission === null && withinTerm);
    const hasLosses = targets.some(({ losses }) => losses.losses.length > 0);
    if (hasEarned) await this.fraudNews.note(tx, 'commission', affiliateId);
    if (hasLosses) await this.fraudNews.note(tx, 'loss', affiliateId);
  }

  /** Money that Stripe only knows by hearsay earns nothing before staff accept it. */
  private async reportOutOfBand(tx: Tx, { referral, invoices, rejections }: ReferralFacts): Promise<void> {
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
    tx: Tx,
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
