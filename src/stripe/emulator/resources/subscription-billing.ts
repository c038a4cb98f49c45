import type { Stripe } from 'stripe';
import { idOf, type Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { lastingDiscounts } from './discounts.js';
import { pendingItems, takeUp } from './invoice-items.js';
import { draftInvoice, finalizeInvoice, type Invoice } from './invoice-lifecycle.js';
import { invoiceItemLine, subscriptionLine } from './invoice-lines.js';
import { payInvoice } from './invoice-settlement.js';
import { periodFrom, type Cadence, type Period } from './subscription-periods.js';

export type Subscription = Wire<Stripe.Subscription>;

interface Bill {
  reason: Stripe.Invoice.BillingReason;
  /** When the invoice is made and paid. */
  at: number;
  /** The period that the invoice itself is said to span. */
  period: Period;
  /** The new period that its lines bill in advance; null when only pending items are billed. */
  lines: Period | null;
}

/** How often a subscription is billed. All its items share one rhythm. */
export function cadenceOf(subscription: Pick<Subscription, 'items'>): Cadence {
  const recurring = subscription.items.data[0]?.price.recurring;
  return { interval: recurring?.interval ?? 'month', intervalCount: recurring?.interval_count ?? 1 };
}

export function currentPeriod(subscription: Subscription): Period {
  const item = subscription.items.data[0];
  return { start: item?.current_period_start ?? 0, end: item?.current_period_end ?? 0 };
}

/** Moves all items into a period. */
export function withPeriod(subscription: Subscription, period: Period): Subscription {
  const data = subscription.items.data.map((item) => ({
    ...item,
    current_period_start: period.start,
    current_period_end: period.end,
  }));
  return { ...subscription, items: { ...subscription.items, data } };
}

/** Makes the draft invoice of a subscription, pending items included, and notes it as the latest. */
export function draftBill(
  workspace: Workspace,
  subscription: Subscription,
  bill: Bill,
): { subscription: Subscription; invoice: Invoice } {
  const customer = workspace.get('customer', idOf(subscription.customer) ?? '');
  const { lines } = bill;
  const taken = pendingItems(workspace, customer.id, subscription.id, subscription.currency);
  const trial = subscription.status === 'trialing';
  const discounts = subscription.discounts.map((discount) => idOf(discount) ?? '');
  const invoice = draftInvoice(workspace, {
    customer,
    currency: subscription.currency,
    lines: [
      ...taken.map(invoiceItemLine),
      ...(lines ? subscription.items.data.map((item) => subscriptionLine(workspace, item, lines, trial)) : []),
    ],
    billingReason: bill.reason,
    period: bill.period,
    created: bill.at,
    subscription,
    defaultTaxRates: subscription.default_tax_rates ?? [],
    discounts,
    collectionMethod: subscription.collection_method,
  });
  takeUp(workspace, taken, invoice.id);
  const billed = {
    ...subscription,
    latest_invoice: invoice.id,
    discounts: trial ? discounts : lastingDiscounts(workspace, discounts),
  };
  return { subscription: workspace.put('subscription', billed), invoice };
}

/**
 * Finalises a subscription's invoice and, unless the customer is to pay it by hand, pays it. When
 * the card declines, the invoice stays open and the subscription is past due.
 */
export function settleBill(workspace: Workspace, subscription: Subscription, draft: Invoice, at: number): Invoice {
  const invoice = finalizeInvoice(workspace, draft, at);
  if (invoice.status !== 'open' || subscription.collection_method === 'send_invoice') return invoice;
  return payInvoice(workspace, invoice, at, { paymentMethod: idOf(subscription.default_payment_method) }).invoice;
}

/** The subscriptions whose period has ended, earliest first. */
export function dueSubscriptions(workspace: Workspace): Subscription[] {
  const now = workspace.nowSeconds;
  return workspace
    .newestFirst('subscription')
    .filter(({ status }) => status === 'active' || status === 'trialing' || status === 'past_due')
    .filter((subscription) => currentPeriod(subscription).end <= now)
    .sort((left, right) => currentPeriod(left).end - currentPeriod(right).end);
}

/**
 * Takes a subscription over the end of its period: it ends there if that was asked for, else the
 * next period is billed. Everything is dated to the period's end, however late this is called.
 */
export function renew(workspace: Workspace, before: Subscription): Invoice | null {
  const ended = currentPeriod(before);
  if (before.cancel_at_period_end || (before.cancel_at !== null && before.cancel_at <= ended.end)) {
    endSubscription(workspace, before, ended.end);
    return null;
  }
  const next = periodFrom(ended.end, before.billing_cycle_anchor, cadenceOf(before));
  const active: Subscription = { ...withPeriod(before, next), status: 'active' };
  const { subscription, invoice } = draftBill(workspace, active, {
    reason: 'subscription_cycle',
    at: ended.end,
    period: ended,
    lines: next,
  });
  workspace.emit('customer.subscription.updated', subscription, previousAttributes(before, subscription));
  return settleBill(workspace, subscription, invoice, ended.end);
}

/** Ends a subscription and sends `customer.subscription.deleted`. */
export function endSubscription(workspace: Workspace, before: Subscription, at: number): Subscription {
  const subscription = workspace.put('subscription', {
    ...before,
    status: 'canceled',
    canceled_at: before.canceled_at ?? at,
    ended_at: at,
  });
  workspace.emit('customer.subscription.deleted', subscription);
  return subscription;
}
