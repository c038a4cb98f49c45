import type { Stripe } from 'stripe';
import { newId, randomToken } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { missingParameter } from '../stripe-problem.js';
import { idOf, wholeList, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';

type Invoice = Wire<Stripe.Invoice>;
type InvoicePayment = Wire<Stripe.InvoicePayment>;
type PaymentIntent = Wire<Stripe.PaymentIntent>;
type Charge = Wire<Stripe.Charge>;

/** How money came in: payment intents, their charges, and which invoices they paid. */
export const paymentRoutes: Route[] = [
  route('GET', '/v1/invoice_payments', listInvoicePayments),
  route('GET', '/v1/invoice_payments/:id', ({ workspace, path }) => workspace.get('invoice_payment', path.id ?? '')),
  route('GET', '/v1/payment_intents', ({ workspace, parameters }) =>
    listPage(
      ofCustomer(workspace.newestFirst('payment_intent'), parameters.string('customer')),
      parameters,
      '/v1/payment_intents',
    ),
  ),
  route('GET', '/v1/payment_intents/:id', ({ workspace, path }) => workspace.get('payment_intent', path.id ?? '')),
  route('GET', '/v1/charges', ({ workspace, parameters }) =>
    listPage(ofCustomer(workspace.newestFirst('charge'), parameters.string('customer')), parameters, '/v1/charges'),
  ),
  route('GET', '/v1/charges/:id', ({ workspace, path }) => workspace.get('charge', path.id ?? '')),
];

/**
 * Collects an invoice's amount due: a succeeded payment intent, its charge and the invoice payment,
 * each with its event. The invoice itself is left to the caller.
 */
export function collectPayment(
  workspace: Workspace,
  invoice: Invoice,
  paymentMethod: string,
  paidAt: number,
): InvoicePayment {
  const intentId = newId('pi');
  const charge = workspace.put('charge', chargeOf(invoice, intentId, paymentMethod, paidAt));
  const intent = workspace.put('payment_intent', intentOf(invoice, intentId, charge.id, paymentMethod, paidAt));
  const payment = workspace.put('invoice_payment', {
    id: newId('inpay'),
    object: 'invoice_payment',
    amount_paid: invoice.amount_due,
    amount_requested: invoice.amount_due,
    created: paidAt,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: paidAt },
  });
  workspace.emit('charge.succeeded', charge);
  workspace.emit('payment_intent.succeeded', intent);
  workspace.emit('invoice_payment.paid', payment);
  return payment;
}

function intentOf(invoice: Invoice, id: string, charge: string, paymentMethod: string, created: number): PaymentIntent {
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: invoice.amount_due,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: invoice.amount_due,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${id}_secret_${randomToken(25)}`,
    confirmation_method: 'automatic',
    created,
    currency: invoice.currency,
    customer: idOf(invoice.customer),
    customer_account: null,
    description: invoice.billing_reason === 'subscription_create' ? 'Subscription creation' : null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: charge,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
}

function chargeOf(invoice: Invoice, intent: string, paymentMethod: string, created: number): Charge {
  const id = newId('ch');
  return {
    id,
    object: 'charge',
    amount: invoice.amount_due,
    amount_captured: invoice.amount_due,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: newId('txn'),
    billing_details: {
      address: null,
      email: invoice.customer_email,
      name: invoice.customer_name,
      phone: null,
      tax_id: null,
    },
    calculated_statement_descriptor: null,
    captured: true,
    created,
    currency: invoice.currency,
    customer: idOf(invoice.customer),
    description: null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: null,
    paid: true,
    payment_intent: intent,
    payment_method: paymentMethod,
    payment_method_details: null,
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    refunds: wholeList([], `/v1/charges/${id}/refunds`),
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
}

function listInvoicePayments({ workspace, parameters }: Call): object {
  const invoice = parameters.string('invoice');
  const status = parameters.string('status');
  const wanted = parameters.group('payment');
  const intent = parameters.has('payment') ? wanted.string('payment_intent') : undefined;
  if (parameters.has('payment') && !wanted.string('type')) throw missingParameter('payment[type]');
  const payments = workspace
    .newestFirst('invoice_payment')
    .filter((payment) => (!invoice || payment.invoice === invoice) && (!status || payment.status === status))
    .filter((payment) => !parameters.has('payment') || payment.payment.payment_intent === intent);
  return listPage(payments, parameters, '/v1/invoice_payments');
}

function ofCustomer<T extends { customer: string | { id: string } | null }>(
  objects: T[],
  customer: string | null | undefined,
): T[] {
  return customer ? objects.filter((object) => idOf(object.customer) === customer) : objects;
}
