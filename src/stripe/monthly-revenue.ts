import type Stripe from 'stripe';

/** Months of a year as a fraction of an interval: what one interval is worth in a month (year ÷ 12, week × 52 ÷ 12 …). */
const INTERVALS_PER_MONTH: Record<string, { numerator: bigint; denominator: bigint }> = {
  day: { numerator: 365n, denominator: 12n },
  week: { numerator: 52n, denominator: 12n },
  month: { numerator: 1n, denominator: 1n },
  year: { numerator: 1n, denominator: 12n },
};

/** Stripe gives unit amounts with at most twelve decimals. */
const DECIMALS = 12;

type Item = Pick<Stripe.SubscriptionItem, 'quantity' | 'price'>;

/**
 * A subscription's items × unit amounts, normalised to a month, before discounts and tax, in minor units; rounded half
 * up once, at the end. Tiered and metered prices have no unit amount and count nothing.
 */
export function monthlyRevenueMinor(items: Item[]): bigint {
  // Exact fractions: 365/12 of a tenth of a cent must not be rounded per item.
  let numerator = 0n;
  let denominator = 1n;
  for (const { price, quantity } of items) {
    const interval = INTERVALS_PER_MONTH[price.recurring?.interval ?? ''];
    if (!interval) continue;
    const unit = scaledUnitAmount(price);
    const itemNumerator =
      unit * BigInt(quantity ?? (price.recurring?.usage_type === 'metered' ? 0 : 1)) * interval.numerator;
    const itemDenominator = interval.denominator * BigInt(price.recurring?.interval_count ?? 1);
    numerator = numerator * itemDenominator + itemNumerator * denominator;
    denominator *= itemDenominator;
  }
  const scale = denominator * 10n ** BigInt(DECIMALS);
  return (numerator * 2n + scale) / (scale * 2n);
}

/** The unit amount in minor units × 10^12, so that fractions of a cent stay exact. */
function scaledUnitAmount(price: Stripe.Price): bigint {
  // A snapshot may lack the decimal form, and a tiered price lacks both.
  const text = String(price.unit_amount_decimal ?? price.unit_amount ?? 0);
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(DECIMALS, '0').slice(0, DECIMALS));
}
