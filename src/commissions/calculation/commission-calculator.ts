import { floorToStepMinor } from '../../common/money.js';

const BPS = 10_000n;

/** What Stripe says of a paid invoice, in minor units of its currency. */
export interface InvoiceAmounts {
  currency: string;
  /** What the customer paid through Stripe. */
  amountPaidMinor: bigint;
  /** After discounts, with tax. */
  totalMinor: bigint;
  /** After discounts, without tax; null where Stripe computed no tax. */
  totalExcludingTaxMinor: bigint | null;
}

export interface CommissionAmount {
  /** What the rate is applied to: the part of the payment that is not tax. */
  baseMinor: bigint;
  amountMinor: bigint;
}

/**
 * What an invoice earns at a rate: tax, discounts and credit earn nothing, and
 * the result is rounded down, once, to what can be moved in the currency. Zero means that it earns nothing.
 */
export function calculateCommission(invoice: InvoiceAmounts, rateBps: number): CommissionAmount {
  const paidMinor = paidOf(invoice);
  if (paidMinor === 0n) return { baseMinor: 0n, amountMinor: 0n };
  const netMinor = invoice.totalExcludingTaxMinor ?? invoice.totalMinor;
  const baseMinor = (paidMinor * netMinor) / invoice.totalMinor;
  return { baseMinor, amountMinor: floorToStepMinor((baseMinor * BigInt(rateBps)) / BPS, invoice.currency) };
}

/** What counts as paid of an invoice: never more than its total, never below zero. */
export function paidOf(invoice: InvoiceAmounts): bigint {
  const paidMinor = invoice.amountPaidMinor < invoice.totalMinor ? invoice.amountPaidMinor : invoice.totalMinor;
  return paidMinor > 0n ? paidMinor : 0n;
}

/** What counts of money that was paid outside Stripe: no more than the payments through Stripe left of the invoice. */
export function outOfBandPaidOf(invoice: InvoiceAmounts, acceptedMinor: bigint): bigint {
  const leftMinor = invoice.totalMinor - paidOf(invoice);
  if (leftMinor <= 0n) return 0n;
  return acceptedMinor < leftMinor ? acceptedMinor : leftMinor;
}

/**
 * What a commission should be worth when `lostMinor` of the `paidMinor` has gone back to the customer: one division,
 * rounded down once, so that partial refunds in any order end exactly at zero.
 *
 * @param lostMinor from 0 to `paidMinor`.
 */
export function netAfterLosses(terms: {
  baseMinor: bigint;
  paidMinor: bigint;
  lostMinor: bigint;
  rateBps: number;
  currency: string;
}): bigint {
  const { baseMinor, paidMinor, lostMinor, rateBps, currency } = terms;
  if (paidMinor === 0n) return 0n;
  const keptMinor = paidMinor - lostMinor;
  return floorToStepMinor((baseMinor * keptMinor * BigInt(rateBps)) / (paidMinor * BPS), currency);
}
