import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import type { Parameters } from '../parameters.js';
import { route, type Call, type Route } from '../router.js';
import type { CheckoutOrder } from '../stored-objects.js';
import { invalidParameter, missingParameter, refused } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { createPrice } from './catalog.js';
import { completeSession, type Session } from './checkout-completion.js';
import { discounted, discountsOf } from './checkout-discounts.js';
import { paymentMethodFrom } from './payment-methods.js';

type LineItem = Wire<Stripe.LineItem>;

const LIVES_SECONDS = 86_400;

export const checkoutSessionRoutes: Route[] = [
  route('POST', '/v1/checkout/sessions', createSession),
  route('GET', '/v1/checkout/sessions', listSessions),
  route('GET', '/v1/checkout/sessions/:id', sessionOf),
  route('GET', '/v1/checkout/sessions/:id/line_items', (call) =>
    listPage(orderOf(call).lineItems, call.parameters, `/v1/checkout/sessions/${call.path.id ?? ''}/line_items`),
  ),
  route('POST', '/v1/checkout/sessions/:id/expire', expireSession),
  // What Stripe's own page, and `stripe trigger`, use in place of a customer.
  route('GET', '/v1/payment_pages/:id', sessionOf),
  route('POST', '/v1/payment_pages/:id/confirm', confirmSession),
];

/** Opens a session. Nothing is paid or subscribed to before it is completed. */
function createSession({ workspace, parameters }: Call): Session {
  const mode = parameters.choice('mode', ['payment', 'subscription']);
  if (!mode) throw missingParameter('mode');
  const entries = parameters.groups('line_items');
  if (!entries || entries.length === 0) throw missingParameter('line_items');
  const customer = parameters.string('customer') ?? null;
  if (customer !== null) workspace.resolve('customer', customer, 'customer');
  const lineItems = entries.map((entry) => lineItemOf(workspace, entry));
  if (lineItems.every(({ price }) => price?.recurring) !== (mode === 'subscription'))
    throw invalidParameter(
      'parameter_invalid_string',
      'mode',
      'The prices must be recurring in `subscription` mode, and only there.',
    );
  const id = newId('cs_test');
  workspace.put('checkout_order', { id, lineItems, ...detailsOf(parameters, mode) });
  return workspace.put('checkout.session', {
    ...blankSession(workspace, id, parameters),
    ...discounted(workspace, lineItems, discountsOf(workspace, parameters)),
    currency: lineItems[0]?.currency ?? null,
    customer,
    customer_creation: mode === 'payment' ? (customerCreationOf(parameters) ?? 'if_required') : null,
    mode,
    payment_method_collection: mode === 'subscription' ? 'always' : null,
  });
}

function confirmSession(call: Call): Session {
  const { workspace, parameters } = call;
  const session = sessionOf(call);
  const expected = parameters.integer('expected_amount');
  if (expected !== undefined && expected !== session.amount_total)
    throw refused(undefined, `The amount is ${session.amount_total}, not ${expected}.`, 'expected_amount');
  return completeSession(workspace, session, { paymentMethod: paymentMethodFrom(workspace, parameters) });
}

function expireSession(call: Call): Session {
  const { workspace } = call;
  const before = sessionOf(call);
  if (before.status !== 'open')
    throw refused(undefined, `Only Checkout Sessions with a status of open can be expired; it is ${before.status}.`);
  const session = workspace.put('checkout.session', { ...before, status: 'expired', url: null });
  workspace.emit('checkout.session.expired', session);
  return session;
}

function lineItemOf(workspace: Workspace, entry: Parameters): LineItem {
  const price = entry.has('price_data')
    ? createPrice({ workspace, parameters: entry.group('price_data'), path: {} })
    : workspace.resolve('price', entry.requiredString('price'), entry.pathOf('price'));
  const quantity = entry.positiveInteger('quantity') ?? 1;
  const amount = (price.unit_amount ?? 0) * quantity;
  return {
    id: newId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: workspace.find('product', idOf(price.product) ?? '')?.name ?? null,
    metadata: {},
    price,
    quantity,
  };
}

function detailsOf(parameters: Parameters, mode: string): Omit<CheckoutOrder, 'id' | 'lineItems'> {
  const details = parameters.group(mode === 'subscription' ? 'subscription_data' : 'payment_intent_data');
  return {
    description: details.string('description') ?? null,
    metadata: details.metadata(),
    trialPeriodDays: details.integer('trial_period_days') ?? null,
  };
}

function customerCreationOf(parameters: Parameters): 'always' | 'if_required' | undefined {
  return parameters.choice('customer_creation', ['always', 'if_required']);
}

function sessionOf({ workspace, path }: Call): Session {
  return workspace.get('checkout.session', path.id ?? '');
}

function orderOf({ workspace, path }: Call): CheckoutOrder {
  return workspace.get('checkout_order', path.id ?? '');
}

function listSessions({ workspace, parameters }: Call): object {
  const [customer, intent, subscription, status] = (
    ['customer', 'payment_intent', 'subscription', 'status'] as const
  ).map((name) => parameters.string(name));
  const sessions = workspace
    .newestFirst('checkout.session')
    .filter((session) => (!customer || session.customer === customer) && (!intent || session.payment_intent === intent))
    .filter((session) => !subscription || session.subscription === subscription)
    .filter((session) => !status || session.status === status);
  return listPage(sessions, parameters, '/v1/checkout/sessions');
}

type Ordered =
  | 'amount_subtotal'
  | 'amount_total'
  | 'discounts'
  | 'total_details'
  | 'currency'
  | 'customer'
  | 'customer_creation'
  | 'mode'
  | 'payment_method_collection';

function blankSession(workspace: Workspace, id: string, parameters: Parameters): Omit<Session, Ordered> {
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: parameters.boolean('allow_promotion_codes') ?? null,
    allowed_payment_method_types: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: parameters.webAddress('cancel_url') ?? null,
    client_reference_id: parameters.string('client_reference_id') ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: workspace.nowSeconds,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer_account: null,
    customer_details: null,
    customer_email: parameters.string('customer_email') ?? null,
    expires_at: parameters.integer('expires_at') ?? workspace.nowSeconds + LIVES_SECONDS,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: parameters.metadata(),
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    payment_status: 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: parameters.requiredWebAddress('success_url'),
    ui_mode: 'hosted_page',
    url: `${workspace.baseUrl}/c/pay/${id}`,
    wallet_options: null,
  };
}
