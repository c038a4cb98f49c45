import type { Stripe } from 'stripe';
import { newId, randomToken } from '../ids.js';
import { refused, StripeProblem } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { createCharge, declineOf, type Charge } from './charges.js';

export type PaymentIntent = Wire<Stripe.PaymentIntent>;

const CONFIRMABLE: readonly string[] = ['requires_payment_method', 'requires_confirmation'];

export interface NewIntent {
  /** Minor units. */
  amount: number;
  currency: string;
  customer: string | null;
  description: string | null;
  metadata?: { [key: string]: string };
  paymentMethod?: string | null;
  at: number;
}

/** What came of charging: `problem` is Stripe's error body for the one who asked for it. */
export interface Attempt {
  intent: PaymentIntent;
  charge: Charge;
  problem: StripeProblem | null;
}

/** Makes a payment intent that waits to be confirmed and sends `payment_intent.created`. */
export function createIntent(workspace: Workspace, fresh: NewIntent): PaymentIntent {
  const intent = workspace.put('payment_intent', blankIntent(newId('pi'), fresh));
  workspace.emit('payment_intent.created', intent);
  return intent;
}

/** Charges the card. A declined attempt is kept too: the intent waits for another payment method. */
export function attemptIntent(workspace: Workspace, intent: PaymentIntent, paymentMethod: string, at: number): Attempt {
  if (!CONFIRMABLE.includes(intent.status)) throw wrongState(intent, 'confirmed');
  const charge = createCharge(workspace, {
    amount: intent.amount,
    currency: intent.currency,
    customer: idOf(intent.customer),
    description: intent.description,
    paymentIntent: intent.id,
    paymentMethod,
    at,
  });
  if (charge.status === 'failed') return declined(workspace, intent, charge);
  const succeeded = workspace.put('payment_intent', {
    ...intent,
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    payment_method: paymentMethod,
    status: 'succeeded',
  });
  workspace.emit('payment_intent.succeeded', succeeded);
  return { intent: succeeded, charge, problem: null };
}

/** Gives a payment intent up and sends `payment_intent.canceled`. Refused when it has succeeded. */
export function cancelIntent(
  workspace: Workspace,
  intent: PaymentIntent,
  reason: PaymentIntent['cancellation_reason'],
): PaymentIntent {
  if (!CONFIRMABLE.includes(intent.status)) throw wrongState(intent, 'canceled');
  const canceled = workspace.put('payment_intent', {
    ...intent,
    canceled_at: workspace.nowSeconds,
    cancellation_reason: reason,
    status: 'canceled',
  });
  workspace.emit('payment_intent.canceled', canceled);
  return canceled;
}

function declined(workspace: Workspace, before: PaymentIntent, charge: Charge): Attempt {
  const error = declineOf(charge);
  const intent = workspace.put('payment_intent', {
    ...before,
    last_payment_error: error,
    latest_charge: charge.id,
    payment_method: null,
    status: 'requires_payment_method',
  });
  workspace.emit('payment_intent.payment_failed', intent);
  const problem = new StripeProblem(402, { ...error, payment_intent: intent }, { changesStand: true });
  return { intent, charge, problem };
}

function wrongState(intent: PaymentIntent, action: string): StripeProblem {
  return refused(
    'payment_intent_unexpected_state',
    `This PaymentIntent could not be ${action} because it has a status of ${intent.status}.`,
  );
}

function blankIntent(id: string, fresh: NewIntent): PaymentIntent {
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: fresh.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${id}_secret_${randomToken(25)}`,
    confirmation_method: 'automatic',
    created: fresh.at,
    currency: fresh.currency,
    customer: fresh.customer,
    customer_account: null,
    description: fresh.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: fresh.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: fresh.paymentMethod ?? null,
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
    status: fresh.paymentMethod ? 'requires_confirmation' : 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
}
