import type Stripe from 'stripe';
import { monthlyRevenueMinor } from './monthly-revenue.js';

function item(interval: string, unitAmount: string, quantity = 1, intervalCount = 1): Stripe.SubscriptionItem {
  const price = {
    unit_amount_decimal: unitAmount,
    recurring: { interval, interval_count: intervalCount, usage_type: 'licensed' },
  };
  return { quantity, price } as unknown as Stripe.SubscriptionItem;
}

describe('monthlyRevenueMinor', () => {
  it.each<[string, Stripe.SubscriptionItem[], bigint]>([
    ['a monthly price counts whole', [item('month', '2900')], 2900n],
    ['a yearly price counts a twelfth', [item('year', '12000')], 1000n],
    ['a weekly price counts 52 twelfths', [item('week', '1000')], 4333n],
    ['a daily price counts 365 twelfths', [item('day', '100')], 3042n],
    ['every three months counts a third', [item('month', '3000', 1, 3)], 1000n],
    ['quantities multiply', [item('month', '900', 5)], 4500n],
    ['items add up and are rounded once: 2 × 0.5 is 1', [item('year', '6'), item('year', '6')], 1n],
    ['half a unit is rounded up', [item('year', '6')], 1n],
    ['less than half is rounded down', [item('year', '5')], 0n],
    ['fractions of a cent are exact', [item('month', '0.05', 1000)], 50n],
    ['no items are nothing', [], 0n],
  ])('%s', (_title, items, mrrMinor) => {
    expect(monthlyRevenueMinor(items)).toBe(mrrMinor);
  });

  it('counts nothing for a metered price without a unit amount', () => {
    const metered = {
      price: {
        unit_amount: null,
        unit_amount_decimal: null,
        recurring: { interval: 'month', interval_count: 1, usage_type: 'metered' },
      },
    };
    expect(monthlyRevenueMinor([metered as unknown as Stripe.SubscriptionItem])).toBe(0n);
  });
});
