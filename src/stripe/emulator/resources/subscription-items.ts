import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import type { Parameters } from '../parameters.js';
import { invalidParameter, missingParameter, noSuchReference } from '../stripe-problem.js';
import type { Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { namedTaxRates } from './discounts.js';
import type { Period } from './subscription-periods.js';

export type SubscriptionItem = Wire<Stripe.SubscriptionItem>;

/** The items a subscription begins with. */
export function newItems(
  workspace: Workspace,
  entries: Parameters[],
  subscription: string,
  period: Period,
): SubscriptionItem[] {
  const items = entries.map((entry) => newItem(workspace, entry, subscription, period));
  checkSameRhythm(items);
  return items;
}

/** The items after an update: entries with an `id` change or delete one, the others add one. */
export function changedItems(
  workspace: Workspace,
  entries: Parameters[],
  before: SubscriptionItem[],
  subscription: string,
  period: Period,
): SubscriptionItem[] {
  let items = before;
  for (const entry of entries) {
    const id = entry.string('id') ?? null;
    if (id === null) {
      items = [...items, newItem(workspace, entry, subscription, period)];
      continue;
    }
    if (!items.some((item) => item.id === id)) throw noSuchReference('subscription item', id, entry.pathOf('id'));
    items = entry.boolean('deleted')
      ? items.filter((item) => item.id !== id)
      : items.map((item) => (item.id === id ? changedItem(workspace, entry, item) : item));
  }
  if (items.length === 0)
    throw invalidParameter('parameter_missing', 'items', 'A subscription must have at least one active plan.');
  checkSameRhythm(items);
  return items;
}

function newItem(workspace: Workspace, entry: Parameters, subscription: string, period: Period): SubscriptionItem {
  const price = priceOf(workspace, entry);
  if (!price) throw missingParameter(entry.pathOf('price'));
  return {
    id: newId('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: workspace.nowSeconds,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: entry.metadata(),
    plan: planOf(price),
    price,
    quantity: entry.integer('quantity') ?? 1,
    subscription,
    tax_rates: namedTaxRates(workspace, entry, 'tax_rates') ?? [],
  };
}

function changedItem(workspace: Workspace, entry: Parameters, before: SubscriptionItem): SubscriptionItem {
  const price = priceOf(workspace, entry) ?? before.price;
  return {
    ...before,
    price,
    plan: planOf(price),
    quantity: entry.integer('quantity') ?? before.quantity,
    metadata: entry.metadata(before.metadata),
    tax_rates: namedTaxRates(workspace, entry, 'tax_rates') ?? before.tax_rates,
  };
}

function priceOf(workspace: Workspace, entry: Parameters): Wire<Stripe.Price> | null {
  const id = entry.string('price');
  if (!id) return null;
  const price = workspace.resolve('price', id, entry.pathOf('price'));
  if (!price.recurring)
    throw invalidParameter(
      'parameter_invalid_string',
      entry.pathOf('price'),
      'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
    );
  return price;
}

function checkSameRhythm(items: SubscriptionItem[]): void {
  const rhythms = new Set(
    items.map(({ price }) => `${price.recurring?.interval} ${price.recurring?.interval_count} ${price.currency}`),
  );
  if (rhythms.size > 1)
    throw invalidParameter(
      'parameter_invalid_array',
      'items',
      'All prices on a subscription must have the same currency and billing interval.',
    );
}

/** The older name of a price, which Stripe still puts beside it. */
function planOf(price: Wire<Stripe.Price>): SubscriptionItem['plan'] {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}
