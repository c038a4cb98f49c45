import type Stripe from 'stripe';
import { getMoment } from '../stripe-object.js';
import type { InboundEvent } from './webhook-verifier.js';

/** The objects that our events show, by what Stripe calls them. */
interface Snapshots {
  bank_account: Stripe.BankAccount;
  card: Stripe.Card;
  charge: Stripe.Charge;
  'checkout.session': Stripe.Checkout.Session;
  credit_note: Stripe.CreditNote;
  customer: Stripe.Customer;
  dispute: Stripe.Dispute;
  invoice: Stripe.Invoice;
  invoice_payment: Stripe.InvoicePayment;
  payout: Stripe.Payout;
  refund: Stripe.Refund;
  subscription: Stripe.Subscription;
  transfer: Stripe.Transfer;
}

/**
 * The object that an event shows. It was rendered when the event happened, so fields that Stripe added since may be
 * missing whatever their type says.
 *
 * @throws Error when it is another kind of object, or none with an id: nothing is guessed from fields that happen to have
 * the same name.
 */
export function snapshotOf<K extends keyof Snapshots>(event: InboundEvent, ...kinds: K[]): Snapshots[K] {
  const shown = event.object === 'event' ? event.data.object : null;
  if (!kinds.some((kind) => kind === shown?.object)) {
    throw new Error(`${event.type} should show a ${kinds.join(' or a ')}, but shows ${shown?.object ?? 'nothing'}`);
  }
  if (typeof shown?.id !== 'string' || shown.id === '') {
    throw new Error(`${event.type} shows a ${shown?.object} without an id`);
  }
  return shown as unknown as Snapshots[K];
}

/** What sets a settlement off: the event, at the moment it tells of. @throws UnreadableFieldError when it tells of none. */
export function causeOf(event: InboundEvent): { stripeEventId: string; occurredAt: Date } {
  return {
    stripeEventId: event.id,
    occurredAt: event.object === 'event' ? getMoment(event, 'created') : new Date(event.created),
  };
}
