import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, missingParameter, refused } from '../stripe-problem.js';
import { idOf } from '../wire.js';
import { isKnownCurrency } from './currencies.js';
import { disputeIfTheCardSaysSo } from './dispute-lifecycle.js';
import { settleAttempt } from './invoice-settlement.js';
import { attemptIntent, cancelIntent, createIntent, type PaymentIntent } from './payment-intent-lifecycle.js';
import { paymentMethodFrom } from './payment-methods.js';

export const paymentIntentRoutes: Route[] = [
  route('POST', '/v1/payment_intents', createPaymentIntent),
  route('GET', '/v1/payment_intents', listPaymentIntents),
  route('GET', '/v1/payment_intents/:id', ({ workspace, path }) => workspace.get('payment_intent', path.id ?? '')),
  route('POST', '/v1/payment_intents/:id/confirm', confirmPaymentIntent),
  route('POST', '/v1/payment_intents/:id/cancel', ({ workspace, parameters, path }) =>
    cancelIntent(
      workspace,
      workspace.get('payment_intent', path.id ?? ''),
      parameters.choice('cancellation_reason', ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']) ??
        null,
    ),
  ),
];

function createPaymentIntent({ workspace, parameters }: Call): PaymentIntent {
  const amount = parameters.positiveInteger('amount');
  if (amount === undefined) throw missingParameter('amount');
  const currency = parameters.requiredString('currency').toLowerCase();
  if (!isKnownCurrency(currency))
    throw invalidParameter('parameter_invalid_string', 'currency', `Invalid currency: ${currency}.`);
  parameters.choice('capture_method', ['automatic', 'automatic_async']);
  const customer = parameters.string('customer') ?? null;
  if (customer !== null) workspace.resolve('customer', customer, 'customer');
  const intent = createIntent(workspace, {
    amount,
    currency,
    customer,
    description: parameters.string('description') ?? null,
    metadata: parameters.metadata(),
    paymentMethod: paymentMethodFrom(workspace, parameters),
    at: workspace.nowSeconds,
  });
  return parameters.boolean('confirm') ? confirm({ workspace, parameters, path: {} }, intent) : intent;
}

function confirmPaymentIntent(call: Call): PaymentIntent {
  return confirm(call, call.workspace.get('payment_intent', call.path.id ?? ''));
}

function confirm({ workspace, parameters }: Call, intent: PaymentIntent): PaymentIntent {
  const paymentMethod = paymentMethodFrom(workspace, parameters) ?? idOf(intent.payment_method);
  if (paymentMethod === null)
    throw refused(
      'payment_intent_unexpected_state',
      "You cannot confirm this PaymentIntent because it's missing a payment method.",
    );
  const attempt = attemptIntent(workspace, intent, paymentMethod, workspace.nowSeconds);
  settleAttempt(workspace, attempt, workspace.nowSeconds);
  if (attempt.problem) throw attempt.problem;
  disputeIfTheCardSaysSo(workspace, attempt.charge);
  return attempt.intent;
}

function listPaymentIntents({ workspace, parameters }: Call): object {
  const customer = parameters.string('customer');
  const intents = workspace
    .newestFirst('payment_intent')
    .filter((intent) => !customer || idOf(intent.customer) === customer);
  return listPage(intents, parameters, '/v1/payment_intents');
}
