import type { AffiliateRate, Commission, StripeInvoice } from '@prisma/client';
import { DateTime } from 'luxon';
import {
  calculateCommission,
  netAfterLosses,
  outOfBandPaidOf,
  paidOf,
  type InvoiceAmounts,
} from '../calculation/commission-calculator.js';
import { lossesOfInvoice, lossesOutOfBand, type InvoiceLosses } from '../calculation/invoice-losses.js';
import type { Acceptance, Rejection } from '../facts/decision-records.js';
import type { ReferralFacts } from './referral-facts.js';

/**
 * Stripe stamps payments in whole seconds by its own clock, the host signups by its own: a payment that looks up to
 * five minutes older than the signup is the same visit (the tolerance that the API grants `occurredAt`).
 */
export const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;
const LAST_MS_OF_SECOND = 999;

/** Which part of an invoice's money earns: what came through Stripe, or what was paid elsewhere and staff accepted. */
export type InvoicePart = 'stripe' | 'out_of_band';

/** What a part of an invoice earned by the terms of its day, and what that is worth now. */
export interface Target {
  invoice: StripeInvoice;
  part: InvoicePart;
  /** What was paid of the invoice by this part, of which total. */
  amounts: InvoiceAmounts;
  /** Why the part earns, when it was paid outside Stripe. */
  acceptance: Acceptance | null;
  /** Null while nothing has been posted for the part. */
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
  /** The decision of staff by which it earns nothing; null where there is none, or it stood in a payout by then. */
  rejection: Rejection | null;
  /** What the commission should be worth now, from 0 to its amount. */
  targetMinor: bigint;
}

type Paid = Pick<Target, 'invoice' | 'part' | 'amounts' | 'acceptance'>;
type Earning = Paid & Pick<Target, 'commission' | 'baseMinor' | 'amountMinor' | 'rateBps' | 'rateSource'>;

/**
 * What each paid invoice of a referral should be worth now (docs/decisions/0007-facts-and-targets.md): a function of the
 * facts alone, so that it does not matter in which order they came. What has been posted keeps the terms it was posted
 * with; an invoice paid before the signup, or that earns nothing, is left out.
 */
export function targetsOf(facts: ReferralFacts): Target[] {
  const { referral, planVersion } = facts;
  const earnings = facts.invoices
    .filter((invoice) => isPaidSince(invoice, referral.occurredAt))
    .flatMap((invoice) => partsOf(invoice, facts))
    .map((paid) => earningOf(paid, facts))
    .filter(({ amountMinor }) => amountMinor > 0n);
  const termEndsAt = endOfTerm(earnings, planVersion.durationMonths);
  return earnings.map((earning) => {
    const { invoice, commission, baseMinor, rateBps } = earning;
    const paidMinor = paidOf(earning.amounts);
    const lost = lossesOf(earning, facts);
    const rejection = rejectionOf(commission, facts);
    const withinTerm = termEndsAt === null || invoice.paidAt < termEndsAt;
    const netMinor = netAfterLosses({
      baseMinor,
      paidMinor,
      lostMinor: lost.lostMinor,
      rateBps,
      currency: invoice.currency,
    });
    const targetMinor = withinTerm && rejection === null ? netMinor : 0n;
    return { ...earning, paidMinor, losses: lost, withinTerm, rejection, targetMinor };
  });
}

/** Whether what has not earned yet is to earn now. */
export function mayEarn({ withinTerm, rejection }: Target): boolean {
  return withinTerm && rejection === null;
}

/** Whether an invoice was paid by the user whose signup was reported, and not before it. */
export function isPaidSince({ paidAt }: StripeInvoice, signedUpAt: Date): boolean {
  return paidAt.getTime() >= signedUpAt.getTime() - CLOCK_TOLERANCE_MS;
}

/**
 * The money of an invoice that may earn: what came through Stripe, and what staff accepted. Each is a commission of its
 * own, so that accepting the one never changes what the other earned.
 */
function partsOf(invoice: StripeInvoice, { acceptances }: ReferralFacts): Paid[] {
  const acceptance = acceptances.find(({ invoiceId }) => invoiceId === invoice.id);
  const throughStripe: Paid = { invoice, part: 'stripe', amounts: invoice, acceptance: null };
  if (!acceptance) return [throughStripe];
  const amounts = { ...invoice, amountPaidMinor: outOfBandPaidOf(invoice, acceptance.amountMinor) };
  return [throughStripe, { invoice, part: 'out_of_band', amounts, acceptance }];
}

function earningOf(paid: Paid, facts: ReferralFacts): Earning {
  const { invoice, part, amounts } = paid;
  const commission = facts.commissions.find((one) => one.invoiceId === invoice.id && one.part === part);
  if (commission) {
    const { baseMinor, amountMinor, rateBps } = commission;
    const rateSource = commission.rateSource === 'affiliate' ? 'affiliate' : 'plan';
    return { ...paid, commission, baseMinor, amountMinor, rateBps, rateSource };
  }
  const rate = rateOf(invoice, facts);
  return { ...paid, commission: null, ...rate, ...calculateCommission(amounts, rate.rateBps) };
}

function lossesOf({ invoice, part, amounts }: Paid, { payments, losses }: ReferralFacts): InvoiceLosses {
  const { id, currency } = invoice;
  const throughStripeMinor = paidOf(invoice);
  const throughStripe = lossesOfInvoice({ id, currency, paidMinor: throughStripeMinor }, payments, losses);
  if (part === 'stripe') return throughStripe;
  return lossesOutOfBand({ id, currency, paidMinor: paidOf(amounts), throughStripeMinor }, throughStripe);
}

/** A referral may be rejected by several cases; what stood in a payout at one of them may not have at a later one. */
function rejectionOf(commission: Commission | null, { rejections }: ReferralFacts): Rejection | null {
  const isSpared = ({ sparedCommissionIds }: Rejection): boolean =>
    commission !== null && sparedCommissionIds.has(commission.id);
  return rejections.find((rejection) => !isSpared(rejection)) ?? null;
}

/**
 * The affiliate's own rate in force when the invoice was paid, else that of the plan version of the referral. Stripe tells
 * moments in whole seconds, cut off: what was paid right after a rate was set would seem to be paid before it. So a rate also
 * counts for what was paid in its very second, unless we had been told of that before.
 */
function rateOf(
  { paidAt, receivedAt }: StripeInvoice,
  { planVersion, ownRates }: ReferralFacts,
): Pick<Target, 'rateBps' | 'rateSource'> {
  const secondEndsMs = paidAt.getTime() + LAST_MS_OF_SECOND;
  const inForceByMs = Math.max(paidAt.getTime(), Math.min(secondEndsMs, receivedAt.getTime()));
  const own = ownRates
    .filter(({ effectiveFrom }) => effectiveFrom.getTime() <= inForceByMs)
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
