import type { AffiliateRate, Commission, PlanVersion, Referral, StripeInvoice } from '@prisma/client';
import type { Tx } from '../../database/database.js';
import { belongsTo } from '../../referrals/referral-lifecycle.js';
import type { InvoicePayment, Loss } from '../calculation/invoice-losses.js';
import { loadAcceptances, loadRejections, type Acceptance, type Rejection } from '../facts/decision-records.js';
import { loadLosses } from '../facts/loss-records.js';

/** Everything that decides what a referral's invoices are worth, and nothing of what has been posted for it. */
export interface ReferralFacts {
  referral: Referral;
  planVersion: PlanVersion;
  ownRates: AffiliateRate[];
  /** The paid invoices of its customer, and those that have earned for it. Oldest first. */
  invoices: StripeInvoice[];
  commissions: Commission[];
  payments: InvoicePayment[];
  losses: Loss[];
  /** What staff decided about the referral, oldest first, and about money paid outside Stripe. */
  rejections: Rejection[];
  acceptances: Acceptance[];
}

/** Loads the facts of many referrals in a handful of queries. An invoice that earned for another referral stays there. */
export async function loadReferralFacts(tx: Tx, referrals: Referral[]): Promise<ReferralFacts[]> {
  const referralIds = referrals.map(({ id }) => id);
  const own = await tx.commission.findMany({ where: { referralId: { in: referralIds } } });
  const invoices = await tx.stripeInvoice.findMany({
    where: { OR: [...referrals.map(belongsTo), { id: { in: own.map(({ invoiceId }) => invoiceId) } }] },
    orderBy: [{ paidAt: 'asc' }, { id: 'asc' }],
  });
  const invoiceIds = invoices.map(({ id }) => id);
  const earned = await tx.commission.findMany({ where: { invoiceId: { in: invoiceIds } } });
  const ownRates = await tx.affiliateRate.findMany({
    where: { affiliateId: { in: referrals.map(({ affiliateId }) => affiliateId) } },
  });
  const planVersions = await tx.planVersion.findMany({
    where: { id: { in: referrals.map(({ planVersionId }) => planVersionId) } },
  });
  const { payments, losses } = await loadLosses(tx, invoiceIds);
  const rejections = await loadRejections(
    tx,
    referralIds,
    own.map(({ id }) => id),
  );
  const acceptances = await loadAcceptances(
    tx,
    referralIds,
    invoices.filter(({ amountPaidOffStripeMinor }) => amountPaidOffStripeMinor > 0n).map(({ id }) => id),
  );

  const earnedFor = new Map(earned.map(({ invoiceId, referralId }) => [invoiceId, referralId]));
  const versions = new Map(planVersions.map((version) => [version.id, version]));
  return referrals.map((referral) => {
    const planVersion = versions.get(referral.planVersionId);
    if (!planVersion) throw new Error(`referral ${referral.id} has no plan version`);
    return {
      referral,
      planVersion,
      ownRates: ownRates.filter(({ affiliateId }) => affiliateId === referral.affiliateId),
      invoices: invoices.filter((invoice) => {
        const earner = earnedFor.get(invoice.id);
        return earner === undefined ? isOf(invoice, referral) : earner === referral.id;
      }),
      commissions: earned.filter(({ referralId }) => referralId === referral.id),
      payments,
      losses,
      rejections: rejections.filter(({ referralId }) => referralId === referral.id),
      acceptances: acceptances.filter(({ referralId }) => referralId === referral.id),
    };
  });
}

function isOf(invoice: StripeInvoice, referral: Referral): boolean {
  return Object.entries(belongsTo(referral)).every(
    ([field, value]) => invoice[field as 'customerId' | 'referredUserId'] === value,
  );
}
