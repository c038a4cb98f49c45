import type { AffiliateRate, Commission, PlanVersion, StripeInvoice } from '@prisma/client';
import { DateTime } from 'luxon';
import { calculateCommission } from '../calculation/commission-calculator.js';

/**
 * Stripe stamps payments in whole seconds by its own clock, the host signups by its own: a payment that looks up to
 * five minutes older than the signup is the same visit (the tolerance api.md grants `occurredAt`).
 */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

/** What an invoice earns by the terms of its day, whether or not it has been written down yet. */
export interface Earning {
  invoice: StripeInvoice;
  baseMinor: bigint;
  amountMinor: bigint;
  rateBps: number;
  rateSource: 'affiliate' | 'plan';
  /** Null until it is posted. */
  commission: Commission | null;
}

/** The terms of a referral: those of its plan version, and the affiliate's own rates by the moment they came into force. */
export interface Terms {
  planVersion: PlanVersion;
  ownRates: AffiliateRate[];
}

/**
 * What the paid invoices of a referral earn before any loss. What has been posted keeps the terms it was posted with;
 * an invoice paid before the signup, or that earns nothing, is left out.
 */
export function earningsOf(
  invoices: StripeInvoice[],
  commissions: Commission[],
  signedUpAt: Date,
  terms: Terms,
): Earning[] {
  const posted = new Map(commissions.map((commission) => [commission.invoiceId, commission]));
  return invoices.flatMap((invoice): Earning[] => {
    const commission = posted.get(invoice.id);
    if (commission) return [{ ...termsOf(commission), invoice, commission }];
    if (!isPaidSince(invoice, signedUpAt)) return [];
    const { rateBps, rateSource } = rateAt(invoice.paidAt, terms);
    const amounts = calculateCommission(invoice, rateBps);
    return amounts.amountMinor === 0n ? [] : [{ ...amounts, invoice, rateBps, rateSource, commission: null }];
  });
}

/** Whether an invoice was paid by the user whose signup was reported, and not before it. */
export function isPaidSince({ paidAt }: StripeInvoice, signedUpAt: Date): boolean {
  return paidAt.getTime() >= signedUpAt.getTime() - CLOCK_TOLERANCE_MS;
}

/**
 * When the plan's months end: counted in UTC calendar months from the first invoice that earned, even if it was
 * refunded since. Null when the plan is for life, or nothing has been earned.
 */
export function endOfTerm(earnings: Earning[], durationMonths: number | null): Date | null {
  if (durationMonths === null || earnings.length === 0) return null;
  const firstPaidAtMs = Math.min(...earnings.map(({ invoice }) => invoice.paidAt.getTime()));
  return DateTime.fromMillis(firstPaidAtMs, { zone: 'utc' }).plus({ months: durationMonths }).toJSDate();
}

function termsOf(commission: Commission): Omit<Earning, 'invoice' | 'commission'> {
  const { baseMinor, amountMinor, rateBps, rateSource } = commission;
  return { baseMinor, amountMinor, rateBps, rateSource: rateSource === 'affiliate' ? 'affiliate' : 'plan' };
}

/** The affiliate's own rate in force when the invoice was paid, else that of the plan version of the referral. */
function rateAt(paidAt: Date, { planVersion, ownRates }: Terms): Pick<Earning, 'rateBps' | 'rateSource'> {
  const own = ownRates
    .filter(({ effectiveFrom }) => effectiveFrom <= paidAt)
    .reduce<AffiliateRate | null>(
      (last, rate) => (last && last.effectiveFrom > rate.effectiveFrom ? last : rate),
      null,
    );
  return own && own.rateBps !== null
    ? { rateBps: own.rateBps, rateSource: 'affiliate' }
    : { rateBps: planVersion.rateBps, rateSource: 'plan' };
}
