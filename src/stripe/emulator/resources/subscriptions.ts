import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import type { Parameters } from '../parameters.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, missingParameter, refused } from '../stripe-problem.js';
import { idOf, wholeList } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { createDiscounts, namedTaxRates } from './discounts.js';
import { wouldDecline } from './invoice-settlement.js';
import { addProrations } from './prorations.js';
import {
  cadenceOf,
  currentPeriod,
  draftBill,
  endSubscription,
  settleBill,
  withPeriod,
  type Subscription,
} from './subscription-billing.js';
import { changedItems, newItems } from './subscription-items.js';
import { periodFrom } from './subscription-periods.js';

const SECONDS_PER_DAY = 86_400;

export const subscriptionRoutes: Route[] = [
  route('POST', '/v1/subscriptions', createSubscription),
  route('GET', '/v1/subscriptions', listSubscriptions),
  route('GET', '/v1/subscriptions/:id', ({ workspace, path }) => workspace.get('subscription', path.id ?? '')),
  route('POST', '/v1/subscriptions/:id', updateSubscription),
  route('DELETE', '/v1/subscriptions/:id', cancelSubscription),
];

/** Starts a subscription and bills its first period at once; a trial is billed with nothing. */
export function createSubscription({ workspace, parameters }: Call): Subscription {
  const customer = workspace.resolve('customer', parameters.requiredString('customer'), 'customer');
  const entries = parameters.groups('items');
  if (!entries || entries.length === 0) throw missingParameter('items');
  const id = newId('sub');
  const now = workspace.nowSeconds;
  const trialEnd = trialEndOf(parameters, now);
  const items = newItems(workspace, entries, id, { start: now, end: now });
  const anchor = trialEnd ?? now;
  const blank = {
    ...blankSubscription(id, parameters, now),
    customer: customer.id,
    billing_cycle_anchor: anchor,
  };
  const unbilled: Subscription = {
    ...blank,
    currency: items[0]?.price.currency ?? 'usd',
    default_tax_rates: namedTaxRates(workspace, parameters, 'default_tax_rates') ?? [],
    discounts: createDiscounts(workspace, parameters, { customer: customer.id, subscription: id }) ?? [],
    items: wholeList(items, `/v1/subscription_items?subscription=${id}`),
    status: trialEnd === null ? firstStatus(workspace, customer.id, blank) : 'trialing',
    trial_end: trialEnd,
    trial_start: trialEnd === null ? null : now,
  };
  const period = trialEnd === null ? periodFrom(now, anchor, cadenceOf(unbilled)) : { start: now, end: trialEnd };
  const stored = workspace.put('subscription', withPeriod(unbilled, period));
  const { subscription, invoice } = draftBill(workspace, stored, {
    reason: 'subscription_create',
    at: now,
    period: { start: now, end: now },
    lines: period,
  });
  workspace.emit('customer.subscription.created', subscription);
  settleBill(workspace, subscription, invoice, now);
  return workspace.get('subscription', id);
}

/** A subscription whose first payment fails begins, and stays, incomplete until it is paid. */
function firstStatus(
  workspace: Workspace,
  customer: string,
  { collection_method, default_payment_method }: Pick<Subscription, 'collection_method' | 'default_payment_method'>,
): 'active' | 'incomplete' {
  const charged = collection_method === 'charge_automatically';
  return charged && wouldDecline(workspace, customer, idOf(default_payment_method)) ? 'incomplete' : 'active';
}

/**
 * Changes a subscription. Changed items are prorated as `proration_behavior` says; a change of the
 * billing interval begins a new period and bills it at once.
 */
function updateSubscription({ workspace, parameters, path }: Call): Subscription {
  const before = workspace.get('subscription', path.id ?? '');
  if (before.status === 'canceled') throw refused('resource_missing', `No such subscription: '${before.id}'`, 'id');
  const now = workspace.nowSeconds;
  const period = currentPeriod(before);
  const entries = parameters.groups('items');
  const items = entries ? changedItems(workspace, entries, before.items.data, before.id, period) : before.items.data;
  const changed = workspace.put('subscription', {
    ...before,
    ...cancellationOf(parameters, before, now),
    items: { ...before.items, data: items },
    default_payment_method: parameters.string('default_payment_method') ?? before.default_payment_method,
    default_tax_rates: namedTaxRates(workspace, parameters, 'default_tax_rates') ?? before.default_tax_rates,
    description: parameters.string('description') ?? before.description,
    discounts:
      createDiscounts(workspace, parameters, { customer: idOf(before.customer), subscription: before.id }) ??
      before.discounts,
    metadata: parameters.metadata(before.metadata),
  });
  const newRhythm = JSON.stringify(cadenceOf(before)) !== JSON.stringify(cadenceOf(changed));
  const proration =
    parameters.choice('proration_behavior', ['create_prorations', 'always_invoice', 'none']) ?? 'create_prorations';
  if (entries && proration !== 'none' && before.status === 'active')
    addProrations(workspace, before, items, period, newRhythm);
  const billNow = entries && before.status === 'active' && (newRhythm || proration === 'always_invoice');
  if (!billNow) {
    workspace.emit('customer.subscription.updated', changed, previousAttributes(before, changed));
    return changed;
  }
  const next = newRhythm ? periodFrom(now, now, cadenceOf(changed)) : null;
  const moved = next ? { ...withPeriod(changed, next), billing_cycle_anchor: now } : changed;
  const { subscription, invoice } = draftBill(workspace, moved, {
    reason: 'subscription_update',
    at: now,
    period: { start: now, end: now },
    lines: next,
  });
  workspace.emit('customer.subscription.updated', subscription, previousAttributes(before, subscription));
  settleBill(workspace, subscription, invoice, now);
  return workspace.get('subscription', subscription.id);
}

function cancelSubscription({ workspace, path }: Call): Subscription {
  const before = workspace.get('subscription', path.id ?? '');
  if (before.status === 'canceled') throw refused('resource_missing', `No such subscription: '${before.id}'`, 'id');
  return endSubscription(workspace, before, workspace.nowSeconds);
}

function listSubscriptions({ workspace, parameters }: Call): object {
  const customer = parameters.string('customer');
  const status = parameters.string('status');
  const subscriptions = workspace
    .newestFirst('subscription')
    .filter((subscription) => !customer || subscription.customer === customer)
    .filter((subscription) =>
      status ? status === 'all' || subscription.status === status : subscription.status !== 'canceled',
    );
  return listPage(subscriptions, parameters, '/v1/subscriptions');
}

function trialEndOf(parameters: Parameters, now: number): number | null {
  const days = parameters.integer('trial_period_days') ?? 0;
  if (days > 0) return now + days * SECONDS_PER_DAY;
  if (!parameters.has('trial_end') || parameters.string('trial_end') === 'now') return null;
  const end = parameters.integer('trial_end') ?? 0;
  if (end <= now)
    throw invalidParameter(
      'parameter_invalid_integer',
      'trial_end',
      'Invalid timestamp: must be an integer Unix timestamp in the future.',
    );
  return end;
}

function cancellationOf(
  parameters: Parameters,
  before: Subscription,
  now: number,
): Pick<Subscription, 'cancel_at' | 'cancel_at_period_end' | 'canceled_at'> {
  const { cancel_at, cancel_at_period_end, canceled_at } = before;
  const atPeriodEnd = parameters.boolean('cancel_at_period_end');
  if (atPeriodEnd === true)
    return { cancel_at: currentPeriod(before).end, cancel_at_period_end: true, canceled_at: now };
  if (atPeriodEnd === false) return { cancel_at: null, cancel_at_period_end: false, canceled_at: null };
  return { cancel_at, cancel_at_period_end, canceled_at };
}

function blankSubscription(
  id: string,
  parameters: Parameters,
  now: number,
): Omit<Subscription, 'billing_cycle_anchor' | 'currency' | 'customer' | 'items' | 'status'> {
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor_config: null,
    billing_mode: { type: 'flexible', flexible: null },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method:
      parameters.choice('collection_method', ['charge_automatically', 'send_invoice']) ?? 'charge_automatically',
    created: now,
    customer_account: null,
    days_until_due: parameters.integer('days_until_due') ?? null,
    default_payment_method: parameters.string('default_payment_method') ?? null,
    default_source: null,
    description: parameters.string('description') ?? null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: parameters.metadata(),
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: null,
  };
}
