import type { Stripe } from 'stripe';
import { refused, type StripeProblem } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { disputeIfTheCardSaysSo } from './dispute-lifecycle.js';
import { cancelOpenPayments, openInvoicePayment, payInvoicePayment, paymentsOf } from './invoice-payments.js';
import { attemptIntent, createIntent, type Attempt, type PaymentIntent } from './payment-intent-lifecycle.js';
import { testCard } from './test-cards.js';

type Invoice = Wire<Stripe.Invoice>;

const DEFAULT_PAYMENT_METHOD = 'pm_card_visa';
const RETRY_AFTER_SECONDS = 3 * 86_400;

export interface PaymentWay {
  outOfBand?: boolean;
  paymentMethod?: string | null;
}

/**
 * Collects what remains of an open invoice by card, or notes that it was paid elsewhere. A declined
 * card leaves the invoice open and comes back as `problem`. Refused when the invoice is not open.
 */
export function payInvoice(
  workspace: Workspace,
  before: Invoice,
  at: number,
  how: PaymentWay = {},
): { invoice: Invoice; problem: StripeProblem | null } {
  if (before.status === 'paid') throw refused(undefined, 'Invoice is already paid');
  if (before.status !== 'open' && before.status !== 'uncollectible')
    throw refused('invoice_not_editable', `A ${before.status} invoice cannot be paid.`);
  if (how.outOfBand) {
    const { amount_remaining: elsewhere } = before;
    const amounts = { amount_paid: before.amount_paid + elsewhere, amount_remaining: 0 };
    const paid = { ...before, ...amounts, amount_paid_off_stripe: elsewhere };
    return { invoice: markPaid(workspace, paid, at), problem: null };
  }
  const invoice = workspace.put('invoice', { ...before, attempt_count: before.attempt_count + 1, attempted: true });
  const intent = intentFor(workspace, invoice, at);
  const attempt = attemptIntent(workspace, intent, how.paymentMethod ?? payingMethod(workspace, invoice), at);
  settleAttempt(workspace, attempt, at);
  if (!attempt.problem) disputeIfTheCardSaysSo(workspace, attempt.charge);
  return { invoice: workspace.get('invoice', invoice.id), problem: attempt.problem };
}

/** Carries over to the invoices what came of charging: they are paid, or told that the payment failed. */
export function settleAttempt(workspace: Workspace, { intent, problem }: Attempt, at: number): void {
  for (const payment of paymentsOf(workspace, { intent: intent.id }).filter(({ status }) => status === 'open')) {
    const invoice = workspace.get('invoice', idOf(payment.invoice) ?? '');
    if (problem) notePaymentFailure(workspace, invoice, at);
    else creditInvoice(workspace, invoice, payment.id, at);
  }
}

/**
 * Adds a payment intent to those of an open invoice (`attach_payment`). What a succeeded one has
 * left counts at once, up to what remains of the invoice; the rest may pay other invoices.
 */
export function attachIntent(workspace: Workspace, invoice: Invoice, intent: PaymentIntent): Invoice {
  if (invoice.status !== 'open') throw refused('invoice_not_editable', `The invoice is ${invoice.status}, not open.`);
  if (intent.currency !== invoice.currency)
    throw refused(undefined, 'The PaymentIntent must have the currency of the invoice.', 'payment_intent');
  const others = paymentsOf(workspace, { intent: intent.id }).filter(({ status }) => status !== 'canceled');
  const taken = others.reduce((sum, payment) => sum + (payment.amount_paid ?? payment.amount_requested), 0);
  const amount = Math.min(intent.amount - taken, invoice.amount_remaining);
  if (intent.status === 'canceled' || amount <= 0)
    throw refused(undefined, 'The PaymentIntent has nothing left to pay this invoice with.', 'payment_intent');
  const at = workspace.nowSeconds;
  const payment = openInvoicePayment(workspace, invoice, intent, { amount, isDefault: false, at });
  return intent.status === 'succeeded' ? creditInvoice(workspace, invoice, payment.id, at) : invoice;
}

/** Ends an invoice as paid: what it still waited for is given up, its subscription is active again. */
export function markPaid(workspace: Workspace, invoice: Invoice, at: number): Invoice {
  cancelOpenPayments(workspace, invoice.id);
  const paid = workspace.put('invoice', {
    ...invoice,
    status: 'paid',
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, paid_at: at },
  });
  workspace.emit('invoice.paid', paid);
  workspace.emit('invoice.payment_succeeded', paid);
  changeSubscription(workspace, paid, ['incomplete', 'past_due'], 'active');
  return paid;
}

/** Lets the payment intent that was made with an open invoice ask for what remains of it by now. */
export function requestRemaining(workspace: Workspace, invoice: Invoice): PaymentIntent | null {
  const amount = invoice.amount_remaining;
  const open = paymentsOf(workspace, { invoice: invoice.id }).find(
    (payment) => payment.is_default && payment.status === 'open',
  );
  if (!open) return null;
  workspace.put('invoice_payment', { ...open, amount_requested: amount });
  const intent = workspace.get('payment_intent', idOf(open.payment.payment_intent) ?? '');
  return workspace.put('payment_intent', { ...intent, amount });
}

/** Whether the card that a new subscription would be charged with declines. */
export function wouldDecline(workspace: Workspace, customer: string, paymentMethod: string | null): boolean {
  const method = paymentMethod ?? customersMethod(workspace, customer);
  return testCard(workspace, method).decline !== undefined;
}

/** The part of the intent that was meant for the invoice counts; fully paid, the invoice is done. */
function creditInvoice(workspace: Workspace, before: Invoice, paymentId: string, at: number): Invoice {
  const payment = workspace.get('invoice_payment', paymentId);
  const amount = Math.min(payment.amount_requested, before.amount_remaining);
  payInvoicePayment(workspace, payment, amount, at);
  const invoice = workspace.put('invoice', {
    ...before,
    amount_paid: before.amount_paid + amount,
    amount_remaining: before.amount_remaining - amount,
  });
  if (invoice.amount_remaining === 0) return markPaid(workspace, invoice, at);
  requestRemaining(workspace, invoice);
  workspace.emit('invoice.updated', invoice, previousAttributes(before, invoice));
  return invoice;
}

function notePaymentFailure(workspace: Workspace, before: Invoice, at: number): void {
  const invoice = workspace.put('invoice', {
    ...before,
    attempted: true,
    next_payment_attempt: before.collection_method === 'charge_automatically' ? at + RETRY_AFTER_SECONDS : null,
  });
  workspace.emit('invoice.payment_failed', invoice);
  changeSubscription(workspace, invoice, ['active'], 'past_due');
}

/** The intent that was made with the invoice, or a new one when that is gone. */
function intentFor(workspace: Workspace, invoice: Invoice, at: number): PaymentIntent {
  const made = requestRemaining(workspace, invoice);
  if (made) return made;
  const { amount_remaining: amount, currency, description } = invoice;
  const intent = createIntent(workspace, { amount, currency, customer: idOf(invoice.customer), description, at });
  openInvoicePayment(workspace, invoice, intent, { amount, isDefault: true, at });
  return intent;
}

function changeSubscription(
  workspace: Workspace,
  invoice: Invoice,
  from: string[],
  status: 'active' | 'past_due',
): void {
  const id = idOf(invoice.parent?.subscription_details?.subscription);
  const before = id === null ? null : workspace.find('subscription', id);
  if (!before || before.latest_invoice !== invoice.id || !from.includes(before.status)) return;
  const subscription = workspace.put('subscription', { ...before, status });
  workspace.emit('customer.subscription.updated', subscription, previousAttributes(before, subscription));
}

function payingMethod(workspace: Workspace, invoice: Invoice): string {
  return idOf(invoice.default_payment_method) ?? customersMethod(workspace, idOf(invoice.customer) ?? '');
}

function customersMethod(workspace: Workspace, customer: string): string {
  const settings = workspace.get('customer', customer).invoice_settings;
  return idOf(settings.default_payment_method) ?? DEFAULT_PAYMENT_METHOD;
}
