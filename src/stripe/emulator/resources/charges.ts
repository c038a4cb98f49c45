import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { missingParameter, StripeProblem } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { recordMovement } from './balance-transactions.js';
import { disputeIfTheCardSaysSo } from './dispute-lifecycle.js';
import { fingerprintOf, testCard, type TestCard } from './test-cards.js';

export type Charge = Wire<Stripe.Charge>;

export const chargeRoutes: Route[] = [
  route('POST', '/v1/charges', chargeSource),
  route('GET', '/v1/charges', listCharges),
  route('GET', '/v1/charges/:id', ({ workspace, path }) => workspace.get('charge', path.id ?? '')),
  route('POST', '/v1/charges/:id', updateCharge),
];

export interface NewCharge {
  /** Minor units. */
  amount: number;
  currency: string;
  customer: string | null;
  description: string | null;
  /** null for a charge of the older kind, which no payment intent stands before. */
  paymentIntent: string | null;
  paymentMethod: string;
  at: number;
}

/** Charges a card: the charge succeeds and its money is on its way, or fails as the card says. Sends the event. */
export function createCharge(workspace: Workspace, fresh: NewCharge): Charge {
  const id = newId('ch');
  const card = testCard(workspace, fresh.paymentMethod);
  const { amount, currency, at } = fresh;
  const succeeds = card.decline === undefined;
  const balanceTransaction = succeeds
    ? recordMovement(workspace, {
        type: 'charge',
        category: 'charge',
        amount,
        currency,
        source: id,
        pending: !card.bypassesPending,
        at,
      }).id
    : null;
  const charge = workspace.put('charge', {
    ...blankCharge(workspace, id, fresh),
    amount_captured: succeeds ? amount : 0,
    balance_transaction: balanceTransaction,
    captured: succeeds,
    failure_code: card.decline?.code ?? null,
    failure_message: card.decline?.message ?? null,
    outcome: outcomeOf(card),
    payment_method_details: { type: 'card', card: cardDetailsOf(workspace, card, amount) },
    paid: succeeds,
    status: succeeds ? 'succeeded' : 'failed',
  });
  workspace.emit(succeeds ? 'charge.succeeded' : 'charge.failed', charge);
  return charge;
}

/** The older way to charge: a token at once. A declined attempt is kept. */
function chargeSource({ workspace, parameters }: Call): Charge {
  const amount = parameters.positiveInteger('amount');
  if (amount === undefined) throw missingParameter('amount');
  const charge = createCharge(workspace, {
    amount,
    currency: parameters.requiredString('currency').toLowerCase(),
    customer: parameters.string('customer') ?? null,
    description: parameters.string('description') ?? null,
    paymentIntent: null,
    paymentMethod: parameters.requiredString('source'),
    at: workspace.nowSeconds,
  });
  if (charge.status === 'failed') throw new StripeProblem(402, declineOf(charge), { changesStand: true });
  disputeIfTheCardSaysSo(workspace, charge);
  return charge;
}

/** Stripe's error body for a charge that the bank declined. */
export function declineOf(charge: Charge): {
  type: 'card_error';
  code: string;
  decline_code: string;
  message: string;
  charge: string;
} {
  return {
    type: 'card_error',
    code: charge.failure_code ?? 'card_declined',
    decline_code: charge.outcome?.reason ?? 'generic_decline',
    message: charge.failure_message ?? 'Your card was declined.',
    charge: charge.id,
  };
}

function outcomeOf({ decline }: TestCard): Charge['outcome'] {
  return {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: decline ? 'declined_by_network' : 'approved_by_network',
    reason: decline?.declineCode ?? null,
    risk_level: 'normal',
    seller_message: decline ? 'The bank did not return any further details with this decline.' : 'Payment complete.',
    type: decline ? 'issuer_declined' : 'authorized',
  };
}

function cardDetailsOf(
  workspace: Workspace,
  { last4 }: TestCard,
  amount: number,
): Wire<Stripe.Charge.PaymentMethodDetails.Card> {
  return {
    amount_authorized: amount,
    authorization_code: null,
    brand: 'visa',
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: null },
    country: 'US',
    electronic_commerce_indicator: null,
    exp_month: 12,
    exp_year: workspace.now.getUTCFullYear() + 3,
    fingerprint: fingerprintOf(last4),
    funding: 'credit',
    installments: null,
    last4,
    mandate: null,
    network: 'visa',
    network_token: null,
    network_transaction_id: null,
    regulated_status: 'unregulated',
    three_d_secure: null,
    transaction_link_id: null,
    wallet: null,
  };
}

function updateCharge({ workspace, parameters, path }: Call): Charge {
  const before = workspace.get('charge', path.id ?? '');
  const description = parameters.string('description');
  const charge = workspace.put('charge', {
    ...before,
    description: description === undefined ? before.description : description,
    metadata: parameters.metadata(before.metadata),
  });
  workspace.emit('charge.updated', charge, previousAttributes(before, charge));
  return charge;
}

function listCharges({ workspace, parameters }: Call): object {
  const [customer, intent] = (['customer', 'payment_intent'] as const).map((name) => parameters.string(name));
  const charges = workspace
    .newestFirst('charge')
    .filter((charge) => !customer || idOf(charge.customer) === customer)
    .filter((charge) => !intent || charge.payment_intent === intent);
  return listPage(charges, parameters, '/v1/charges');
}

type Outcome = 'amount_captured' | 'balance_transaction' | 'captured' | 'failure_code' | 'failure_message';

function blankCharge(
  workspace: Workspace,
  id: string,
  fresh: NewCharge,
): Omit<Charge, Outcome | 'outcome' | 'payment_method_details' | 'paid' | 'status'> {
  const customer = fresh.customer === null ? null : workspace.find('customer', fresh.customer);
  return {
    id,
    object: 'charge',
    amount: fresh.amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    billing_details: {
      address: null,
      email: customer?.email ?? null,
      name: customer?.name ?? null,
      phone: null,
      tax_id: null,
    },
    calculated_statement_descriptor: null,
    created: fresh.at,
    currency: fresh.currency,
    customer: fresh.customer,
    description: fresh.description,
    disputed: false,
    failure_balance_transaction: null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    payment_intent: fresh.paymentIntent,
    payment_method: fresh.paymentMethod,
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    transfer_data: null,
    transfer_group: null,
  };
}
