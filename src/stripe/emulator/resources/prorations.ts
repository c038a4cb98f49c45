import { idOf } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { addInvoiceItem } from './invoice-items.js';
import { itemAmount, pricingOf } from './invoice-lines.js';
import { proportion } from './invoice-totals.js';
import type { Subscription } from './subscription-billing.js';
import type { SubscriptionItem } from './subscription-items.js';
import type { Period } from './subscription-periods.js';

/**
 * Adds pending invoice items for a change in the middle of a period: a credit for what will not be
 * used of the former items and, unless the new ones are billed for a whole new period anyway
 * (`creditOnly`), a charge for the rest of the period at the new price.
 */
export function addProrations(
  workspace: Workspace,
  before: Subscription,
  after: SubscriptionItem[],
  period: Period,
  creditOnly: boolean,
): void {
  const rest = { start: workspace.nowSeconds, end: period.end };
  const fraction = (amount: number): number =>
    proportion(amount, Math.max(0, rest.end - rest.start), period.end - period.start);
  const same = (left: SubscriptionItem, right: SubscriptionItem): boolean =>
    left.id === right.id && left.price.id === right.price.id && left.quantity === right.quantity;
  const former = before.items.data.filter((item) => creditOnly || !after.some((other) => same(item, other)));
  const latter = creditOnly ? [] : after.filter((item) => !before.items.data.some((other) => same(item, other)));
  const add = (item: SubscriptionItem, amount: number, description: string): void => {
    addInvoiceItem(workspace, {
      amount,
      currency: item.price.currency,
      customer: idOf(before.customer) ?? '',
      description,
      discountable: false,
      period: rest,
      pricing: pricingOf(item.price),
      proration: true,
      quantity: item.quantity ?? 1,
      subscription: before.id,
      subscriptionItem: item.id,
      taxRates: item.tax_rates ?? [],
    });
  };
  former.forEach((item) => add(item, -fraction(itemAmount(item)), 'Unused time'));
  latter.forEach((item) => add(item, fraction(itemAmount(item)), 'Remaining time'));
}
