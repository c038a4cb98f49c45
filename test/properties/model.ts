/**
 * What the ledger must say, worked out from the whole of the facts each time. Written from the rules in words
 * ("Commission of an invoice" in the design), not from the product's code, so that the two cannot share a mistake.
 * Times are seconds since 1970, amounts minor units.
 */
export interface Terms {
  rateBps: number;
  holdDays: number;
  /** Null: for life. */
  durationMonths: number | null;
}

export interface KnownInvoice {
  id: string;
  /** Whose invoice it is; earns only while that referral is known. */
  referralId: string;
  currency: string;
  total: bigint;
  totalExcludingTax: bigint | null;
  amountPaid: bigint;
  paidAt: number;
}

/** What one payment brought to one invoice. */
export interface KnownPart {
  paymentId: string;
  invoiceId: string;
  amountPaid: bigint;
}

export type RefundStatus = 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled';
export type DisputeStatus =
  | 'warning_needs_response'
  | 'warning_under_review'
  | 'warning_closed'
  | 'needs_response'
  | 'under_review'
  | 'lost'
  | 'appeal_needs_response'
  | 'appeal_under_review'
  | 'prevented'
  | 'won';
export type CreditNoteStatus = 'issued' | 'void';

/** `seen` are the statuses told so far, in any order. */
export interface KnownRefund {
  paymentId: string;
  amount: bigint;
  seen: RefundStatus[];
}

export interface KnownDispute {
  paymentId: string;
  amount: bigint;
  seen: DisputeStatus[];
}

export interface KnownCreditNote {
  invoiceId: string;
  outOfBandAmount: bigint;
  seen: CreditNoteStatus[];
}

export interface KnownReferral {
  id: string;
  occurredAt: number;
  /** Of the plan version in force when the referral was made. */
  terms: Terms;
  /** Staff have rejected it, while nothing of it was paid out. */
  isRejected: boolean;
}

export interface Facts {
  invoices: KnownInvoice[];
  parts: KnownPart[];
  refunds: KnownRefund[];
  disputes: KnownDispute[];
  creditNotes: KnownCreditNote[];
  referrals: KnownReferral[];
  /** The affiliate's own rates; null gives way to the plan's. */
  ownRates: { effectiveFrom: number; rateBps: number | null }[];
}

export interface ExpectedCommission {
  invoiceId: string;
  currency: string;
  /** Without any loss, and within the term. */
  amount: bigint;
  net: bigint;
  base: bigint;
  lost: bigint;
  rateBps: number;
  rateSource: 'affiliate' | 'plan';
  availableAt: number;
  isInquired: boolean;
}

/** A signup that is reported with the server's own clock may come a little after the payment it led to. */
const SIGNUP_LEEWAY_SECONDS = 5 * 60;
const DAY_SECONDS = 24 * 60 * 60;

const REFUND_RANK: Record<RefundStatus, number> = {
  pending: 0,
  requires_action: 0,
  succeeded: 1,
  failed: 2,
  canceled: 2,
};
const DISPUTE_ORDER: DisputeStatus[] = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'needs_response',
  'under_review',
  'lost',
  'appeal_needs_response',
  'appeal_under_review',
  'prevented',
  'won',
];
const TAKING = new Set<DisputeStatus>([
  'needs_response',
  'under_review',
  'lost',
  'appeal_needs_response',
  'appeal_under_review',
]);
const INQUIRING = new Set<DisputeStatus>(['warning_needs_response', 'warning_under_review']);

/** The commissions of all invoices that could earn, also those whose net is zero by now. */
export function expectedCommissions(facts: Facts): ExpectedCommission[] {
  return facts.referrals.flatMap((referral) => {
    const earning = facts.invoices
      .filter((invoice) => invoice.referralId === referral.id)
      .filter((invoice) => invoice.paidAt >= referral.occurredAt - SIGNUP_LEEWAY_SECONDS)
      .map((invoice) => ({ invoice, commission: commissionOf(invoice, referral, facts) }))
      .filter(({ commission }) => commission.amount > 0n);
    const firstPaidAt = Math.min(...earning.map(({ invoice }) => invoice.paidAt));
    const { durationMonths } = referral.terms;
    const endsAt = durationMonths === null ? Infinity : addUtcMonths(firstPaidAt, durationMonths);
    return earning.map(({ invoice, commission }) =>
      invoice.paidAt < endsAt && !referral.isRejected ? commission : { ...commission, net: 0n },
    );
  });
}

function commissionOf(invoice: KnownInvoice, referral: KnownReferral, facts: Facts): ExpectedCommission {
  const { total, currency } = invoice;
  const paid = paidOf(invoice);
  const base = total > 0n ? (paid * (invoice.totalExcludingTax ?? total)) / total : 0n;
  const lost = lostOf(invoice, facts);
  const rate = rateAt(invoice.paidAt, referral, facts);
  const terms = { base, paid, currency, rateBps: rate.rateBps };
  return {
    invoiceId: invoice.id,
    currency,
    amount: netOf({ ...terms, lost: 0n }),
    net: netOf({ ...terms, lost }),
    base,
    lost,
    ...rate,
    availableAt: invoice.paidAt + referral.terms.holdDays * DAY_SECONDS,
    isInquired: isInquired(invoice, facts),
  };
}

/** One division, rounded down, and then down to what can be moved. */
export function netOf(given: { base: bigint; paid: bigint; lost: bigint; rateBps: number; currency: string }): bigint {
  const { base, paid, lost, rateBps, currency } = given;
  return paid > 0n ? floorToStep((base * (paid - lost) * BigInt(rateBps)) / (paid * 10_000n), currency) : 0n;
}

function rateAt(at: number, referral: KnownReferral, facts: Facts): Pick<ExpectedCommission, 'rateBps' | 'rateSource'> {
  const inForce = facts.ownRates
    .filter(({ effectiveFrom }) => effectiveFrom <= at)
    .reduce<number | null>((_earlier, { rateBps }) => rateBps, null);
  return inForce === null
    ? { rateBps: referral.terms.rateBps, rateSource: 'plan' }
    : { rateBps: inForce, rateSource: 'affiliate' };
}

/** What came through Stripe and is not more than the invoice asked for. */
function paidOf({ amountPaid, total }: KnownInvoice): bigint {
  return total > 0n ? min(amountPaid, total) : 0n;
}

/** What the customer has got back of an invoice, whichever way, and never more than was paid. */
function lostOf(invoice: KnownInvoice, facts: Facts): bigint {
  const paid = paidOf(invoice);
  const parts = facts.parts.filter(({ invoiceId }) => invoiceId === invoice.id);
  const brought = sum(parts.map(({ amountPaid }) => amountPaid));
  const takenBack = parts.map((part) => {
    // What the other payments brought is not this payment's to take back.
    const own = max(0n, paid - (brought - part.amountPaid));
    return min(own, shareOfInvoice(part, facts));
  });
  const credited = facts.creditNotes
    .filter((note) => note.invoiceId === invoice.id && !note.seen.includes('void'))
    .map(({ outOfBandAmount }) => outOfBandAmount);
  return min(paid, sum(takenBack) + sum(credited));
}

/** How much of what is lost on the part's payment falls on the part's invoice. */
function shareOfInvoice(part: KnownPart, facts: Facts): bigint {
  const parts = facts.parts
    .filter(({ paymentId }) => paymentId === part.paymentId)
    .sort((a, b) => (a.invoiceId < b.invoiceId ? -1 : 1));
  const shares = splitByLargestRemainder(
    lostOnPayment(part.paymentId, facts),
    parts.map(({ amountPaid }) => amountPaid),
  );
  return shares[parts.findIndex(({ invoiceId }) => invoiceId === part.invoiceId)]!;
}

function lostOnPayment(paymentId: string, facts: Facts): bigint {
  const refunded = facts.refunds
    .filter((refund) => refund.paymentId === paymentId && refundStatusOf(refund) === 'succeeded')
    .map(({ amount }) => amount);
  const disputed = facts.disputes
    .filter((dispute) => dispute.paymentId === paymentId && TAKING.has(disputeStatusOf(dispute)))
    .map(({ amount }) => amount);
  return sum([...refunded, ...disputed]);
}

function isInquired(invoice: KnownInvoice, facts: Facts): boolean {
  const payments = facts.parts.filter(({ invoiceId }) => invoiceId === invoice.id).map(({ paymentId }) => paymentId);
  return facts.disputes.some(
    (dispute) => payments.includes(dispute.paymentId) && INQUIRING.has(disputeStatusOf(dispute)),
  );
}

function refundStatusOf({ seen }: KnownRefund): RefundStatus {
  return seen.reduce((a, b) => (REFUND_RANK[b] > REFUND_RANK[a] ? b : a));
}

function disputeStatusOf({ seen }: KnownDispute): DisputeStatus {
  return seen.reduce((a, b) => (DISPUTE_ORDER.indexOf(b) > DISPUTE_ORDER.indexOf(a) ? b : a));
}

/**
 * Whole shares in proportion to the weights that sum exactly to `amount`; what rounding down leaves over goes to the
 * largest remainders, one each, the earlier one first where they are equal.
 */
export function splitByLargestRemainder(amount: bigint, weights: bigint[]): bigint[] {
  const weight = sum(weights);
  if (weight === 0n) return weights.map(() => 0n);
  const shares = weights.map((own) => (amount * own) / weight);
  const left = Number(amount - sum(shares));
  const favoured = weights
    .map((own, index) => ({ index, remainder: (amount * own) % weight }))
    .sort((a, b) => Number(b.remainder - a.remainder) || a.index - b.index)
    .slice(0, left);
  for (const { index } of favoured) shares[index]! += 1n;
  return shares;
}

/** The same day and time so many months on; the month's last day where it has no such day. */
export function addUtcMonths(at: number, months: number): number {
  if (!Number.isFinite(at)) return at;
  const date = new Date(at * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime() / 1000;
}

/** Stripe moves dinars in tens of their thousandths, and krónur in whole ones though they are written with two decimals. */
function floorToStep(amount: bigint, currency: string): bigint {
  const step = currency === 'kwd' ? 10n : currency === 'isk' ? 100n : 1n;
  return (amount / step) * step;
}

const sum = (amounts: bigint[]): bigint => amounts.reduce((a, b) => a + b, 0n);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
