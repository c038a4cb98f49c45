import type { AffiliateRate, Commission, StripeInvoice } from '@prisma/client';
import { DateTime } from 'luxon';
import { calculateCommission, netAfterLosses, paidOf } from '../calculation/commission-calculator.js';
import { lossesOfInvoice, type InvoiceLosses } from '../calculation/invoice-losses.js';
import type { ReferralFacts } from './referral-facts.js';

/**
 * Stripe stamps payments in whole seconds by its own clock, the host signups by its own: a payment that looks up to
 * five minutes older than the signup is the same visit (the tolerance api.md grants `occurredAt`).
 */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

/** What an invoice earned by the terms of its day, and what that is worth now. */
export interface Target {
  invoice: StripeInvoice;
  /** Null while nothing has been posted for the invoice. */
  commission: Commission | null;
  baseMinor: bigint;
  /** Before any loss; above zero. */
  amountMinor: bigint;
  rateBps: number;
  rateSource: 'affiliate' | 'plan';
  paidMinor: bigint;
  losses: InvoiceLosses;
  /** Whether the invoice lies within the plan's months. */
  withinTerm: boolean;
  /** What the commission should be worth now, from 0 to its amount. */
  targetMinor: bigint;
}

type Earning = Pick<Target, 'invoice' | 'commission' | 'baseMinor' | 'amountMinor' | 'rateBps' | 'rateSource'>;

/**
 * What each paid invoice of a referral should be worth now (money.md, "Commission of an invoice"): a function of the
 * facts alone, so that it does not matter in which order they came. What has been posted keeps the terms it was posted
 * with; an invoice paid before the signup, or that earns nothing, is left out.
 */
export function targetsOf(facts: ReferralFacts): Target[] {
  const { referral, planVersion, payments, losses } = facts;
  const earnings = facts.invoices
    .filter((invoice) => isPaidSince(invoice, referral.occurredAt))
    .map((invoice) => earningOf(invoice, facts))
    .filter(({ amountMinor }) => amountMinor > 0n);
  const termEndsAt = endOfTerm(earnings, planVersion.durationMonths);
  return earnings.map((earning) => {
    const { invoice, baseMinor, rateBps } = earning;
    const paidMinor = paidOf(invoice);
    const lost = lossesOfInvoice({ id: invoice.id, currency: invoice.currency, paidMinor }, payments, losses);
    const withinTerm = termEndsAt === null || invoice.paidAt < termEndsAt;
    const netMinor = netAfterLosses({
      baseMinor,
      paidMinor,
      lostMinor: lost.lostMinor,
      rateBps,
      currency: invoice.currency,
    });
    return { ...earning, paidMinor, losses: lost, withinTerm, targetMinor: withinTerm ? netMinor : 0n };
  });
}

/** Whether an invoice was paid by the user whose signup was reported, and not before it. */
export function isPaidSince({ paidAt }: StripeInvoice, signedUpAt: Date): boolean {
  return paidAt.getTime() >= signedUpAt.getTime() - CLOCK_TOLERANCE_MS;
}

function earningOf(invoice: StripeInvoice, facts: ReferralFacts): Earning {
  const commission = facts.commissions.find(({ invoiceId }) => invoiceId === invoice.id);
  if (commission) {
    const { baseMinor, amountMinor, rateBps } = commission;
    const rateSource = commission.rateSource === 'affiliate' ? 'affiliate' : 'plan';
    return { invoice, commission, baseMinor, amountMinor, rateBps, rateSource };
  }
  const rate = rateAt(invoice.paidAt, facts);
  return { invoice, commission: null, ...rate, ...calculateCommission(invoice, rate.rateBps) };
}

/** The affiliate's own rate in force when the invoice was paid, else that of the plan version of the referral. */
function rateAt(paidAt: Date, { planVersion, ownRates }: ReferralFacts): Pick<Target, 'rateBps' | 'rateSource'> {
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

/**
 * When the plan's months end: counted in UTC calendar months from the first invoice that earned, even if it was
 * refunded since. Null when the plan is for life, or nothing has been earned.
 */
function endOfTerm(earnings: Earning[], durationMonths: number | null): Date | null {
  if (durationMonths === null || earnings.length === 0) return null;
  const firstPaidAtMs = Math.min(...earnings.map(({ invoice }) => invoice.paidAt.getTime()));
  return DateTime.fromMillis(firstPaidAtMs, { zone: 'utc' }).plus({ months: durationMonths }).toJSDate();
}
