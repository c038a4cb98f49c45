import { currencyStepMinor, floorToStepMinor } from '../common/money.js';

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
 * What an invoice earns at a rate (money.md, "Commission of an invoice"): tax, discounts and credit earn nothing, and
 * the result is rounded down, once, to what can be moved in the currency. Zero means that it earns nothing.
 */
export function calculateCommission(invoice: InvoiceAmounts, rateBps: number): CommissionAmount {
  const paidMinor = min(invoice.amountPaidMinor, invoice.totalMinor);
  if (paidMinor <= 0n) return { baseMinor: 0n, amountMinor: 0n };
  const netMinor = invoice.totalExcludingTaxMinor ?? invoice.totalMinor;
  const baseMinor = (paidMinor * netMinor) / invoice.totalMinor;
  return { baseMinor, amountMinor: floorToStepMinor((baseMinor * BigInt(rateBps)) / BPS, invoice.currency) };
}

export interface CommissionExplanation {
  invoiceAmountPaid: bigint;
  taxAmount: bigint;
  invoiceTotal: bigint;
  invoiceTotalExcludingTax: bigint;
  base: bigint;
  lost: bigint;
  rateBps: number;
  /** To be followed with a calculator. */
  formula: string;
  /** The amount before it was rounded down, in minor units: `1663.8`. */
  roundedFrom: string;
}

/** The working behind an amount, from the inputs that were stored with it. */
export function explainCommission(invoice: InvoiceAmounts, rateBps: number): CommissionExplanation {
  const { baseMinor, amountMinor } = calculateCommission(invoice, rateBps);
  const netMinor = invoice.totalExcludingTaxMinor ?? invoice.totalMinor;
  const stepMinor = currencyStepMinor(invoice.currency);
  const step = stepMinor === 1n ? '' : `, to a step of ${stepMinor}`;
  const paid = `min(${invoice.amountPaidMinor}, ${invoice.totalMinor})`;
  return {
    invoiceAmountPaid: invoice.amountPaidMinor,
    taxAmount: invoice.totalMinor - netMinor,
    invoiceTotal: invoice.totalMinor,
    invoiceTotalExcludingTax: netMinor,
    base: baseMinor,
    lost: 0n,
    rateBps,
    formula:
      `base = floor(${paid} × ${netMinor} / ${invoice.totalMinor}) = ${baseMinor}; ` +
      `amount = floor(${baseMinor} × ${rateBps} / 10000${step}) = ${amountMinor}`,
    roundedFrom: exactQuotient(baseMinor * BigInt(rateBps)),
  };
}

/** `n / 10000` written out exactly, without trailing zeros. */
function exactQuotient(numerator: bigint): string {
  const fraction = (numerator % BPS).toString().padStart(4, '0').replace(/0+$/, '');
  return fraction ? `${numerator / BPS}.${fraction}` : (numerator / BPS).toString();
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
