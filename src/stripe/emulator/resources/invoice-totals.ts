/** A tax rate as far as sums need it. */
export interface AppliedTaxRate {
  id: string;
  percentage: number;
  inclusive: boolean;
}

export interface AppliedDiscount {
  id: string;
  percentOff: number | null;
  amountOff: number | null;
}

export interface TaxableLine {
  amount: number;
  discountable: boolean;
  taxRates: AppliedTaxRate[];
}

export interface TaxAmount {
  taxRate: AppliedTaxRate;
  amount: number;
  taxableAmount: number;
}

export interface DiscountAmount {
  discount: string;
  amount: number;
}

export interface InvoiceTotals {
  lines: { discounts: DiscountAmount[]; taxes: TaxAmount[] }[];
  subtotal: number;
  subtotalExcludingTax: number;
  total: number;
  totalExcludingTax: number;
  discounts: DiscountAmount[];
  taxes: TaxAmount[];
}

/**
 * What an invoice comes to, in minor units. Discounts are taken from the lines before tax; an
 * exclusive tax is added to what is left, an inclusive one is contained in it.
 */
export function invoiceTotals(lines: TaxableLine[], discounts: AppliedDiscount[]): InvoiceTotals {
  const remaining = lines.map((line) => line.amount);
  const lineDiscounts: DiscountAmount[][] = lines.map(() => []);
  for (const discount of discounts) {
    const discountable = lines.map((line, index) => (line.discountable ? Math.max(0, remaining[index] ?? 0) : 0));
    const shares = split(discountAmount(discount, sum(discountable)), discountable);
    shares.forEach((amount, index) => {
      if (amount === 0) return;
      remaining[index] = (remaining[index] ?? 0) - amount;
      lineDiscounts[index]?.push({ discount: discount.id, amount });
    });
  }
  const lineTaxes = lines.map((line, index) => taxesOf(remaining[index] ?? 0, line.taxRates));
  const taxes = lineTaxes.flat();
  const inclusive = sum(taxes.filter(({ taxRate }) => taxRate.inclusive).map(({ amount }) => amount));
  const exclusive = sum(taxes.filter(({ taxRate }) => !taxRate.inclusive).map(({ amount }) => amount));
  const subtotal = sum(lines.map((line) => line.amount));
  return {
    lines: lines.map((_, index) => ({
      discounts: lineDiscounts[index] ?? [],
      taxes: lineTaxes[index] ?? [],
    })),
    subtotal,
    subtotalExcludingTax:
      subtotal -
      sum(
        lines.map((line) =>
          sum(
            taxesOf(line.amount, line.taxRates)
              .filter(({ taxRate }) => taxRate.inclusive)
              .map(({ amount }) => amount),
          ),
        ),
      ),
    total: sum(remaining) + exclusive,
    totalExcludingTax: sum(remaining) - inclusive,
    discounts: merged(
      lineDiscounts.flat(),
      ({ discount }) => discount,
      (left, right) => ({ ...left, amount: left.amount + right.amount }),
    ),
    taxes: merged(
      taxes,
      ({ taxRate }) => taxRate.id,
      (left, right) => ({
        ...left,
        amount: left.amount + right.amount,
        taxableAmount: left.taxableAmount + right.taxableAmount,
      }),
    ),
  };
}

/** The part of an amount that a span of time makes up, rounded half away from zero. */
export function proportion(amount: number, part: number, whole: number): number {
  const scaled = (Math.abs(amount) * part) / whole;
  return Math.sign(amount) * Math.round(scaled);
}

function taxesOf(amount: number, taxRates: AppliedTaxRate[]): TaxAmount[] {
  const inclusivePercentage = sum(taxRates.filter(({ inclusive }) => inclusive).map(({ percentage }) => percentage));
  const contained = taxRates
    .filter(({ inclusive }) => inclusive)
    .map((taxRate) => ({
      taxRate,
      amount: proportion(amount, scaled(taxRate.percentage), scaled(100 + inclusivePercentage)),
    }));
  const net = amount - sum(contained.map((tax) => tax.amount));
  const added = taxRates
    .filter(({ inclusive }) => !inclusive)
    .map((taxRate) => ({ taxRate, amount: proportion(net, scaled(taxRate.percentage), scaled(100)) }));
  return [...contained, ...added].map((tax) => ({ ...tax, taxableAmount: net }));
}

function discountAmount(discount: AppliedDiscount, amount: number): number {
  if (discount.percentOff !== null) return proportion(amount, scaled(discount.percentOff), scaled(100));
  return Math.min(discount.amountOff ?? 0, amount);
}

/** Percentages have at most four decimals; whole numbers keep the division exact. */
function scaled(percentage: number): number {
  return Math.round(percentage * 10_000);
}

/** Splits an amount in proportion to weights so that the parts sum to it exactly: largest remainder first. */
function split(amount: number, weights: number[]): number[] {
  const whole = sum(weights);
  if (whole === 0) return weights.map(() => 0);
  const parts = weights.map((weight) => Math.floor((amount * weight) / whole));
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (amount * weight) % whole }))
    .sort((left, right) => right.remainder - left.remainder);
  const missing = amount - sum(parts);
  byRemainder.slice(0, missing).forEach(({ index }) => (parts[index] = (parts[index] ?? 0) + 1));
  return parts;
}

function merged<T>(values: T[], keyOf: (value: T) => string, merge: (left: T, right: T) => T): T[] {
  const byKey = new Map<string, T>();
  for (const value of values) {
    const known = byKey.get(keyOf(value));
    byKey.set(keyOf(value), known === undefined ? value : merge(known, value));
  }
  return [...byKey.values()];
}

function sum(amounts: number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
