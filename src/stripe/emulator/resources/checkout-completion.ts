import type { Stripe } from 'stripe';
import { Parameters } from '../parameters.js';
import type { CheckoutOrder } from '../stored-objects.js';
import { refused, StripeProblem } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { discounted, subscriptionDiscounts, typedIn } from './checkout-discounts.js';
import { createCustomer } from './customers.js';
import { disputeIfTheCardSaysSo } from './dispute-lifecycle.js';
import { attemptIntent, createIntent } from './payment-intent-lifecycle.js';
import { createSubscription } from './subscriptions.js';

export type Session = Wire<Stripe.Checkout.Session>;

const DEFAULT_PAYMENT_METHOD = 'pm_card_visa';
const DEFAULT_EMAIL = 'customer@example.com';

export interface Completion {
  paymentMethod?: string | null;
  /** What the customer types in, where the session does not know it. */
  email?: string;
  /** The promotion code that the customer types in, where the session takes any. */
  promotionCode?: string;
}

type Result = Pick<Session, 'payment_intent' | 'subscription' | 'invoice' | 'payment_status'>;

/**
 * The customer pays on the page: the payment or the subscription is made, the customer too where
 * the session needs one, and `checkout.session.completed` is sent last. A declined card is refused
 * with 402 and leaves the session open.
 */
export function completeSession(workspace: Workspace, opened: Session, completion: Completion): Session {
  if (opened.status !== 'open' || opened.expires_at <= workspace.nowSeconds)
    throw refused(undefined, `This Checkout Session is ${opened.status} and can no longer be paid.`);
  const order = workspace.get('checkout_order', opened.id);
  const { promotionCode } = completion;
  const session = promotionCode
    ? { ...opened, ...discounted(workspace, order.lineItems, typedIn(workspace, opened, promotionCode)) }
    : opened;
  const paymentMethod = completion.paymentMethod ?? DEFAULT_PAYMENT_METHOD;
  const email = session.customer_email ?? emailOf(workspace, session) ?? completion.email ?? DEFAULT_EMAIL;
  const customer = idOf(session.customer) ?? newCustomer(workspace, session, email);
  const result =
    session.mode === 'subscription'
      ? subscribe(workspace, session, order, customer ?? '', paymentMethod)
      : pay(workspace, session, order, customer, paymentMethod);
  const completed = workspace.put('checkout.session', {
    ...session,
    ...result,
    customer,
    customer_details: customerDetails(email),
    status: 'complete',
    url: null,
  });
  workspace.emit('checkout.session.completed', completed);
  return completed;
}

function pay(
  workspace: Workspace,
  session: Session,
  order: CheckoutOrder,
  customer: string | null,
  paymentMethod: string,
): Result {
  const at = workspace.nowSeconds;
  const { description, metadata } = order;
  const intent = createIntent(workspace, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? 'usd',
    customer,
    description,
    metadata,
    at,
  });
  const attempt = attemptIntent(workspace, intent, paymentMethod, at);
  if (attempt.problem) throw attempt.problem;
  disputeIfTheCardSaysSo(workspace, attempt.charge);
  return { payment_intent: intent.id, subscription: null, invoice: null, payment_status: 'paid' };
}

function subscribe(
  workspace: Workspace,
  session: Session,
  order: CheckoutOrder,
  customer: string,
  paymentMethod: string,
): Result {
  const items = order.lineItems.map(({ price, quantity }) => ({ price: price?.id ?? '', quantity: quantity ?? 1 }));
  const parameters = new Parameters({
    customer,
    items,
    default_payment_method: paymentMethod,
    metadata: order.metadata,
    ...(session.discounts?.length && { discounts: subscriptionDiscounts(session) }),
    ...(order.description !== null && { description: order.description }),
    ...(order.trialPeriodDays !== null && { trial_period_days: order.trialPeriodDays }),
  });
  const subscription = createSubscription({ workspace, parameters, path: {} });
  if (subscription.status === 'incomplete') throw declined();
  const invoice = idOf(subscription.latest_invoice) ?? '';
  const free = workspace.get('invoice', invoice).amount_paid === 0;
  return {
    payment_intent: null,
    subscription: subscription.id,
    invoice,
    payment_status: free ? 'no_payment_required' : 'paid',
  };
}

function declined(): StripeProblem {
  return new StripeProblem(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'generic_decline',
    message: 'Your card was declined.',
  });
}

/** A subscription needs a customer; a payment only makes one when it is told to. */
function newCustomer(workspace: Workspace, session: Session, email: string): string | null {
  if (session.mode === 'payment' && session.customer_creation !== 'always') return null;
  return createCustomer({ workspace, parameters: new Parameters({ email }), path: {} }).id;
}

function emailOf(workspace: Workspace, session: Session): string | null {
  const customer = idOf(session.customer);
  return customer === null ? null : workspace.get('customer', customer).email;
}

function customerDetails(email: string): Session['customer_details'] {
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name: null,
    phone: null,
    tax_exempt: 'none',
    tax_ids: [],
  };
}
