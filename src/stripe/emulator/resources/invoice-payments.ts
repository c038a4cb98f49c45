import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { missingParameter } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { cancelIntent, type PaymentIntent } from './payment-intent-lifecycle.js';

export type InvoicePayment = Wire<Stripe.InvoicePayment>;
type Invoice = Wire<Stripe.Invoice>;

/** Which payment intents pay which invoices, with how much: an invoice has several, an intent pays several. */
export const invoicePaymentRoutes: Route[] = [
  route('GET', '/v1/invoice_payments', listInvoicePayments),
  route('GET', '/v1/invoice_payments/:id', ({ workspace, path }) => workspace.get('invoice_payment', path.id ?? '')),
];

/** Connects a payment intent with an invoice that it is to pay. Nothing is paid thereby. */
export function openInvoicePayment(
  workspace: Workspace,
  invoice: Invoice,
  intent: PaymentIntent,
  payment: { amount: number; isDefault: boolean; at: number },
): InvoicePayment {
  return workspace.put('invoice_payment', {
    id: newId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: payment.amount,
    created: payment.at,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: payment.isDefault,
    livemode: false,
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
}

/** Notes that a payment has come in and sends `invoice_payment.paid`. */
export function payInvoicePayment(
  workspace: Workspace,
  payment: InvoicePayment,
  amount: number,
  at: number,
): InvoicePayment {
  const paid = workspace.put('invoice_payment', {
    ...payment,
    amount_paid: amount,
    status: 'paid',
    status_transitions: { ...payment.status_transitions, paid_at: at },
  });
  workspace.emit('invoice_payment.paid', paid);
  return paid;
}

/** Gives up the payments an invoice still waited for; an intent made for the invoice is cancelled with it. */
export function cancelOpenPayments(workspace: Workspace, invoice: string): void {
  for (const payment of paymentsOf(workspace, { invoice }).filter(({ status }) => status === 'open')) {
    workspace.put('invoice_payment', {
      ...payment,
      status: 'canceled',
      status_transitions: { ...payment.status_transitions, canceled_at: workspace.nowSeconds },
    });
    const intent = workspace.get('payment_intent', idOf(payment.payment.payment_intent) ?? '');
    if (payment.is_default && intent.status !== 'canceled') cancelIntent(workspace, intent, 'void_invoice');
  }
}

/** The payments of an invoice or by an intent, oldest first. */
export function paymentsOf(workspace: Workspace, of: { invoice?: string; intent?: string }): InvoicePayment[] {
  return workspace
    .newestFirst('invoice_payment')
    .filter(({ invoice }) => of.invoice === undefined || invoice === of.invoice)
    .filter(({ payment }) => of.intent === undefined || payment.payment_intent === of.intent)
    .reverse();
}

function listInvoicePayments({ workspace, parameters }: Call): object {
  const invoice = parameters.string('invoice');
  const status = parameters.choice('status', ['canceled', 'open', 'paid']);
  const wanted = parameters.group('payment');
  const intent = parameters.has('payment') ? wanted.string('payment_intent') : undefined;
  if (parameters.has('payment') && !wanted.choice('type', ['payment_intent', 'payment_record']))
    throw missingParameter('payment[type]');
  const payments = workspace
    .newestFirst('invoice_payment')
    .filter((payment) => (!invoice || payment.invoice === invoice) && (!status || payment.status === status))
    .filter((payment) => !parameters.has('payment') || payment.payment.payment_intent === intent);
  return listPage(payments, parameters, '/v1/invoice_payments');
}
