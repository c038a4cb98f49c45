import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import type { Parameters } from '../parameters.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, missingParameter, refused } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { cardEndingIn, cardNamed, fingerprintOf } from './test-cards.js';

type PaymentMethod = Wire<Stripe.PaymentMethod>;

/** Cards. Elsewhere any id is taken for one, as Stripe's own `pm_card_…` names need no object. */
export const paymentMethodRoutes: Route[] = [
  route('POST', '/v1/payment_methods', createPaymentMethod),
  route('GET', '/v1/payment_methods/:id', ({ workspace, path }) => workspace.get('payment_method', path.id ?? '')),
  route('POST', '/v1/payment_methods/:id/attach', attach),
];

/** The id named by `payment_method`, or of a new one made of `payment_method_data`; null when neither was sent. */
export function paymentMethodFrom(workspace: Workspace, parameters: Parameters): string | null {
  if (parameters.has('payment_method_data'))
    return storeCard(workspace, parameters.group('payment_method_data'), null).id;
  return parameters.string('payment_method') ?? null;
}

function createPaymentMethod({ workspace, parameters }: Call): PaymentMethod {
  return storeCard(workspace, parameters, null);
}

/** Gives a card to a customer; one of the `pm_card_…` names first becomes an object of its own. */
function attach({ workspace, parameters, path }: Call): PaymentMethod {
  const customer = workspace.resolve('customer', parameters.requiredString('customer'), 'customer');
  const id = path.id ?? '';
  const before = id.startsWith('pm_card_')
    ? workspace.put('payment_method', blankCard(workspace, cardNamed(id).last4))
    : workspace.get('payment_method', id);
  if (before.customer !== null && idOf(before.customer) !== customer.id)
    throw refused(undefined, 'The payment method you provided has already been attached to a customer.');
  const attached = workspace.put('payment_method', { ...before, customer: customer.id });
  workspace.emit('payment_method.attached', attached);
  return attached;
}

function storeCard(workspace: Workspace, parameters: Parameters, customer: string | null): PaymentMethod {
  if (!parameters.choice('type', ['card'])) throw missingParameter(parameters.pathOf('type'));
  const billing = parameters.group('billing_details');
  const blank = blankCard(workspace, last4Of(parameters.group('card')));
  return workspace.put('payment_method', {
    ...blank,
    billing_details: {
      ...blank.billing_details,
      email: billing.string('email') ?? null,
      name: billing.string('name') ?? null,
    },
    customer,
    metadata: parameters.metadata(),
  });
}

/** A card is told by one of Stripe's tokens or test numbers; the emulator wants no real numbers. */
function last4Of(card: Parameters): string {
  const token = card.string('token');
  if (token) return cardNamed(token).last4;
  const number = card.requiredString('number').replaceAll(' ', '');
  if (!/^(?:4000|4242)\d{12}$/.test(number))
    throw invalidParameter('incorrect_number', card.pathOf('number'), 'Use one of the numbers for testing.');
  return cardEndingIn(number.slice(-4)).last4;
}

function blankCard(workspace: Workspace, last4: string): PaymentMethod {
  return {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card: {
      brand: 'visa',
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'unchecked' },
      country: 'US',
      display_brand: 'visa',
      exp_month: 12,
      exp_year: workspace.now.getUTCFullYear() + 3,
      fingerprint: fingerprintOf(last4),
      funding: 'credit',
      generated_from: null,
      last4,
      networks: { available: ['visa'], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: workspace.nowSeconds,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
}
