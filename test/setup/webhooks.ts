import Stripe from 'stripe';
import type { Clock } from '../../src/common/clock.js';
import { signatureOf } from '../../src/stripe/emulator/index.js';
import { WEBHOOK_SECRET, type TestApp, type TestResponse } from './app.js';

let lastEventNo = 0;

/** A snapshot event as Stripe would send it now, about any object. */
export function eventOf(
  api: { clock: Clock },
  type: string,
  object: object,
  overrides: Record<string, unknown> = {},
): Record<string, unknown> {
  lastEventNo += 1;
  return {
    id: `evt_test_${lastEventNo}`,
    object: 'event',
    api_version: Stripe.API_VERSION,
    created: Math.floor(api.clock.now().getTime() / 1000),
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    data: { object },
    ...overrides,
  };
}

/** Delivers an event, signed at the app's own moment unless told otherwise. */
export function deliver(
  api: TestApp,
  event: unknown,
  { secret = WEBHOOK_SECRET, signedAt = api.clock.now() }: { secret?: string; signedAt?: Date } = {},
): Promise<TestResponse<unknown>> {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  return api.request('POST', '/stripe/webhooks', {
    token: '',
    body,
    headers: { 'stripe-signature': signatureOf(body, secret, signedAt) },
  });
}

export interface InvoiceFacts {
  id?: string;
  customer?: string;
  userId?: string;
  subscription?: string;
  currency?: string;
  amountPaid?: number;
  total?: number;
  totalExcludingTax?: number | null;
  paidAt?: Date;
}

let lastInvoiceNo = 0;

/** A paid invoice of the fields that the product reads. */
export function paidInvoice(api: { clock: Clock }, facts: InvoiceFacts): Record<string, unknown> {
  lastInvoiceNo += 1;
  const total = facts.total ?? 9900;
  const paidAt = Math.floor((facts.paidAt ?? api.clock.now()).getTime() / 1000);
  return {
    id: facts.id ?? `in_test_${lastInvoiceNo}`,
    object: 'invoice',
    status: 'paid',
    customer: facts.customer ?? `cus_${facts.userId ?? 'nobody'}`,
    currency: facts.currency ?? 'usd',
    amount_due: total,
    amount_paid: facts.amountPaid ?? total,
    total,
    total_excluding_tax: facts.totalExcludingTax === undefined ? total : facts.totalExcludingTax,
    created: paidAt,
    status_transitions: { paid_at: paidAt, finalized_at: paidAt, voided_at: null, marked_uncollectible_at: null },
    parent: {
      type: 'subscription_details',
      quote_details: null,
      subscription_details: {
        subscription: facts.subscription ?? 'sub_test',
        metadata: facts.userId ? { userId: facts.userId } : {},
      },
    },
    metadata: {},
  };
}

let lastObjectNo = 0;

function newId(prefix: string): string {
  lastObjectNo += 1;
  return `${prefix}_test_${lastObjectNo}`;
}

function nowSeconds(api: TestApp): number {
  return Math.floor(api.clock.now().getTime() / 1000);
}

export interface InvoicePaymentFacts {
  id?: string;
  invoice: string;
  /** The payment intent. */
  payment: string;
  amount: number;
  currency?: string;
  status?: string;
}

/** What a payment paid of an invoice: the only object that names both. */
export function invoicePayment(api: TestApp, facts: InvoicePaymentFacts): Record<string, unknown> {
  const { invoice, payment, amount, currency = 'usd', status = 'paid' } = facts;
  return {
    id: facts.id ?? newId('inpay'),
    object: 'invoice_payment',
    invoice,
    payment: { type: 'payment_intent', payment_intent: payment },
    amount_paid: status === 'paid' ? amount : null,
    amount_requested: amount,
    currency,
    status,
    is_default: true,
    created: nowSeconds(api),
    livemode: false,
  };
}

export interface PaymentLossFacts {
  id?: string;
  /** The payment intent; null in objects that only name their charge. */
  payment: string | null;
  charge?: string;
  amount: number;
  currency?: string;
  status?: string;
}

/** A refund; it names its payment and charge, and no invoice. */
export function refundOf(api: TestApp, facts: PaymentLossFacts): Record<string, unknown> {
  const { payment, charge = `ch_of_${payment}`, amount, currency = 'usd', status = 'succeeded' } = facts;
  return {
    id: facts.id ?? newId('re'),
    object: 'refund',
    amount,
    currency,
    charge,
    payment_intent: payment,
    reason: null,
    status,
    created: nowSeconds(api),
    metadata: {},
  };
}

/** A dispute, or an inquiry while its status begins with `warning_`. */
export function disputeOf(api: TestApp, facts: PaymentLossFacts): Record<string, unknown> {
  const { payment, charge = `ch_of_${payment}`, amount, currency = 'usd', status = 'needs_response' } = facts;
  return {
    id: facts.id ?? newId('dp'),
    object: 'dispute',
    amount,
    currency,
    charge,
    payment_intent: payment,
    reason: 'general',
    status,
    created: nowSeconds(api),
    livemode: false,
    metadata: {},
  };
}

/** A charge after refunds; it names its payment, no invoice, and lists no refunds. */
export function refundedCharge(
  api: TestApp,
  facts: { payment: string; amount: number; amountRefunded: number },
): Record<string, unknown> {
  return {
    id: `ch_of_${facts.payment}`,
    object: 'charge',
    amount: facts.amount,
    amount_refunded: facts.amountRefunded,
    currency: 'usd',
    payment_intent: facts.payment,
    refunded: facts.amount === facts.amountRefunded,
    status: 'succeeded',
    created: nowSeconds(api),
    livemode: false,
    metadata: {},
  };
}

export interface CreditNoteFacts {
  id?: string;
  invoice: string;
  /** How the amount was given back: by these refunds, as credit for later invoices, or outside Stripe. */
  refunds?: { id: string; amount: number }[];
  toBalance?: number;
  outOfBand?: number;
  currency?: string;
  status?: string;
}

/** A credit note for an invoice that was paid. */
export function creditNoteOf(api: TestApp, facts: CreditNoteFacts): Record<string, unknown> {
  const { invoice, refunds = [], toBalance = 0, outOfBand = 0, currency = 'usd', status = 'issued' } = facts;
  const amount = refunds.reduce((sum, refund) => sum + refund.amount, toBalance + outOfBand);
  return {
    id: facts.id ?? newId('cn'),
    object: 'credit_note',
    invoice,
    amount,
    total: amount,
    currency,
    status,
    type: 'post_payment',
    pre_payment_amount: 0,
    post_payment_amount: amount,
    refunds: refunds.map(({ id, amount: amount_refunded }) => ({ type: 'refund', refund: id, amount_refunded })),
    customer_balance_transaction: toBalance > 0 ? newId('cbtxn') : null,
    out_of_band_amount: outOfBand || null,
    created: nowSeconds(api),
    livemode: false,
    metadata: {},
  };
}

/** A subscription of two seats at 29.00 a month. */
export function subscriptionOf(api: TestApp, userId: string, status: string): Record<string, unknown> {
  return {
    id: `sub_${userId}`,
    object: 'subscription',
    status,
    customer: `cus_${userId}`,
    currency: 'usd',
    metadata: { userId },
    ended_at: status === 'canceled' ? nowSeconds(api) : null,
    items: {
      data: [
        {
          quantity: 2,
          price: {
            unit_amount: 2900,
            unit_amount_decimal: '2900',
            recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
          },
        },
      ],
    },
  };
}
