import type { AffiliateRate, Commission, PlanVersion, Referral, StripeInvoice } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';
import type { InvoicePayment, Loss } from '../calculation/invoice-losses.js';
import { loadAcceptances, loadRejections, type Acceptance, type Rejection } from '../facts/decision-records.js';
import { loadInvoicesOf } from '../facts/invoice-records.js';
import { loadLosses } from '../facts/loss-records.js';
import { findCommissionsOf, loadCommissionsFor } from './commission-rows.js';

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
export async function loadReferralFacts(tx: SqlTx, referrals: Referral[]): Promise<ReferralFacts[]> {
  const referralIds = referrals.map(({ id }) => id);
  const own = await findCommissionsOf(tx, referralIds);
  const invoices = await loadInvoicesOf(tx, {
    customerIds: referrals.flatMap(({ stripeCustomerId }) => stripeCustomerId ?? []),
    referredUserIds: referrals.filter(isUnbound).map(({ referredUserId }) => referredUserId),
    ids: own.map(({ invoiceId }) => invoiceId),
  });
  const invoiceIds = invoices.map(({ id }) => id);
  const earned = await loadCommissionsFor(tx, invoiceIds);
  const ownRates = await tx.$queryRaw<AffiliateRate[]>`
    SELECT affiliate_id AS "affiliateId", effective_from AS "effectiveFrom", rate_bps AS "rateBps" FROM affiliate_rates
    WHERE affiliate_id = ANY(${distinct(referrals.map(({ affiliateId }) => affiliateId))}::text[])`;
  const planVersions = await tx.$queryRaw<PlanVersion[]>`
    SELECT id, plan_id AS "planId", version, rate_bps AS "rateBps", duration_months AS "durationMonths", hold_days AS "holdDays",
           effective_from AS "effectiveFrom", created_at AS "createdAt"
    FROM plan_versions WHERE id = ANY(${distinct(referrals.map(({ planVersionId }) => planVersionId))}::text[])`;
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

  const versions = new Map(planVersions.map((version) => [version.id, version]));
  const lost = new LossesByInvoice(payments, losses);
  const [commissionsOf, ratesOf, rejectionsOf, acceptancesOf] = [
    groupedBy(earned, ({ referralId }) => referralId),
    groupedBy(ownRates, ({ affiliateId }) => affiliateId),
    groupedBy(rejections, ({ referralId }) => referralId),
    groupedBy(acceptances, ({ referralId }) => referralId),
  ];
  const invoicesOf = invoicesByReferral(referrals, invoices, earned);
  return referrals.map((referral) => {
    const planVersion = versions.get(referral.planVersionId);
    if (!planVersion) throw new Error(`referral ${referral.id} has no plan version`);
    const ownInvoices = invoicesOf(referral);
    return {
      referral,
      planVersion,
      ownRates: ratesOf(referral.affiliateId),
      invoices: ownInvoices,
      commissions: commissionsOf(referral.id),
      ...lost.of(ownInvoices),
      rejections: rejectionsOf(referral.id),
      acceptances: acceptancesOf(referral.id),
    };
  });
}

function distinct(ids: string[]): string[] {
  return [...new Set(ids)];
}

/** While no customer is bound, its invoices are those that name its user. */
function isUnbound({ stripeCustomerId }: Referral): boolean {
  return stripeCustomerId === null;
}

/**
 * The invoices of each of these referrals, in the given order: what has earned is that referral's for which it has, all
 * else whose customer or user it names.
 */
function invoicesByReferral(
  referrals: Referral[],
  invoices: StripeInvoice[],
  earned: Commission[],
): (referral: Referral) => StripeInvoice[] {
  const earnedFor = new Map(earned.map(({ invoiceId, referralId }) => [invoiceId, referralId]));
  const unearned = invoices.filter(({ id }) => !earnedFor.has(id));
  const ofReferral = groupedBy(invoices, ({ id }) => earnedFor.get(id) ?? '');
  const ofCustomer = groupedBy(unearned, ({ customerId }) => customerId ?? '');
  const ofUser = groupedBy(unearned, ({ referredUserId }) => referredUserId ?? '');
  const place = new Map(invoices.map(({ id }, index) => [id, index]));
  const placeOf = ({ id }: StripeInvoice): number => place.get(id) ?? 0;
  return ({ id, stripeCustomerId, referredUserId }) =>
    [...ofReferral(id), ...(stripeCustomerId === null ? ofUser(referredUserId) : ofCustomer(stripeCustomerId))].sort(
      (a, b) => placeOf(a) - placeOf(b),
    );
}

/** Of many invoices' payments and losses, those that bear on some: looked up, since each invoice asks for its own. */
class LossesByInvoice {
  private readonly ofInvoice: (invoiceId: string) => InvoicePayment[];
  private readonly ofPayment: (paymentId: string) => InvoicePayment[];
  private readonly lossesOfPayment: (paymentId: string) => Loss[];
  private readonly lossesOfInvoice: (invoiceId: string) => Loss[];

  constructor(payments: InvoicePayment[], losses: Loss[]) {
    this.ofInvoice = groupedBy(payments, ({ invoiceId }) => invoiceId);
    this.ofPayment = groupedBy(payments, ({ paymentId }) => paymentId);
    this.lossesOfPayment = groupedBy(losses, ({ paymentId }) => paymentId ?? '');
    this.lossesOfInvoice = groupedBy(losses, ({ invoiceId }) => invoiceId ?? '');
  }

  /** With what their payments paid of other invoices, by which a loss is split. */
  of(invoices: StripeInvoice[]): { payments: InvoicePayment[]; losses: Loss[] } {
    const paymentIds = new Set(invoices.flatMap(({ id }) => this.ofInvoice(id).map(({ paymentId }) => paymentId)));
    const losses = [
      ...[...paymentIds].flatMap((paymentId) => this.lossesOfPayment(paymentId)),
      ...invoices.flatMap(({ id }) => this.lossesOfInvoice(id)),
    ];
    return {
      payments: [...paymentIds].flatMap((paymentId) => this.ofPayment(paymentId)),
      losses: [...new Set(losses)],
    };
  }
}

function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): (key: string) => T[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return (key) => groups.get(key) ?? [];
}
