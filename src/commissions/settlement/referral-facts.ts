import type { AffiliateRate, Commission, PlanVersion, Referral, StripeInvoice } from '@prisma/client';
import type { Tx } from '../../database/database.js';
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
    where: {
      OR: [
        { customerId: { in: referrals.flatMap(({ stripeCustomerId }) => stripeCustomerId ?? []) } },
        { referredUserId: { in: referrals.filter(isUnbound).map(({ referredUserId }) => referredUserId) } },
        { id: { in: own.map(({ invoiceId }) => invoiceId) } },
      ],
    },
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
