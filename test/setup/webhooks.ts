import Stripe from 'stripe';
import { signatureOf } from '../../src/stripe/emulator/index.js';
import { WEBHOOK_SECRET, type TestApp, type TestResponse } from './app.js';

let lastEventNo = 0;

/** A snapshot event as Stripe would send it now, about any object. */
export function eventOf(
  api: TestApp,
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
export function paidInvoice(api: TestApp, facts: InvoiceFacts): Record<string, unknown> {
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
