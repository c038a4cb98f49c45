import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Config } from '../../../config/config.js';
import { CommissionsService, type PaidInvoice, type Told } from '../../../commissions/commissions.service.js';
import { Database, type Tx } from '../../../database/database.js';
import type { PromotionUse } from '../../../referrals/promotions/promotion-redemptions.service.js';
import { unlessMissing } from '../../gateways/stripe-errors.js';
import { getAmountMinor, getCurrency, getMoment, idOf, metadataValue } from '../../stripe-object.js';
import { EventHandler, readEach, type Effects } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import { invoicePaymentFacts } from '../payment-reader.js';
import { RedemptionReader, usesOf } from '../redemption-reader.js';
import type { InboundEvent } from '../webhook-verifier.js';

/** An invoice as an event shows it: rendered by Stripe long ago perhaps, so not every field need be there. */
type InvoiceSnapshot = Omit<
  Stripe.Invoice,
  'status_transitions' | 'customer_email' | 'discounts' | 'total_excluding_tax'
> & {
  status_transitions?: Stripe.Invoice.StatusTransitions;
  customer_email?: Stripe.Invoice['customer_email'];
  discounts?: Stripe.Invoice['discounts'];
  total_excluding_tax?: Stripe.Invoice['total_excluding_tax'];
};

/**
 * `invoice.paid`: the paid invoice is stored and earns its commission. One that was voided or given up may be paid all
 * the same, before or after: of such an invoice only what Stripe says of it now counts, and nothing is taken for it.
 */
@Injectable()
export class InvoicePaidHandler extends EventHandler {
  override readonly types = ['invoice.paid', 'invoice.voided', 'invoice.marked_uncollectible'];
  override readonly source = 'platform';

  constructor(
    private readonly config: Config,
    private readonly stripe: Stripe,
    private readonly database: Database,
    private readonly commissions: CommissionsService,
    private readonly redemptions: RedemptionReader,
  ) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Effects> {
    const snapshot: InvoiceSnapshot = snapshotOf(event, 'invoice');
    const invoice =
      event.type === 'invoice.paid' ? snapshot : await unlessMissing(this.stripe.invoices.retrieve(snapshot.id));
    if (invoice === null || (event.type !== 'invoice.paid' && invoice.status !== 'paid')) return async () => undefined;
    const facts: PaidInvoice = {
      ...invoiceFacts(invoice, event.id),
      referredUserId: await this.findReferredUser(invoice),
    };
    const invoicePayments = invoicePaymentFacts(invoice.payments?.data ?? []);
    const redeem = await this.redemptions.prepare({
      customerId: facts.customerId,
      referredUserId: facts.referredUserId,
      email: invoice.customer_email ?? null,
      findUses: () => this.findUses(invoice),
    });
    const told: Told = { facts: { invoices: [facts], invoicePayments }, cause: causeOf(event) };
    if (redeem === null) return told;
    return async (tx: Tx) => {
      await this.commissions.recordAll(tx, [told]);
      await redeem(tx);
    };
  }

  /**
   * Paid invoices whose user is known here. Where affiliates have promotion codes, one with a discount may come to more than
   * facts, and so may one whose customer has redeemed something of which is not decided yet.
   */
  override async tellAll(events: readonly InboundEvent[]): Promise<ReadonlyMap<string, Told>> {
    const paid = readEach(events, (event) => (event.type === 'invoice.paid' ? paidInvoiceIn(event) : null));
    const invoices = [...paid.values()].map(({ invoice }) => invoice);
    const mayRedeem = await this.findRedeeming(invoices);
    const users = await this.findKnownUsers(invoices);
    const told = new Map<string, Told>();
    for (const [eventId, { invoice, facts, invoicePayments, cause }] of paid) {
      const referredUserId = users.get(invoice.id);
      if (referredUserId === undefined || mayRedeem.has(invoice.id)) continue;
      told.set(eventId, { facts: { invoices: [{ ...facts, referredUserId }], invoicePayments }, cause });
    }
    return told;
  }

  /** The ids of those invoices that may come to a redeemed promotion code. */
  private async findRedeeming(invoices: readonly InvoiceSnapshot[]): Promise<Set<string>> {
    if (!(await this.redemptions.areInUse())) return new Set();
    const waiting = await this.redemptions.findWaiting(invoices.flatMap(({ customer }) => idOf(customer) ?? []));
    const redeeming = invoices.filter((invoice) => hasDiscounts(invoice) || waiting.has(idOf(invoice.customer) ?? ''));
    return new Set(redeeming.map(({ id }) => id));
  }

  /** An event names discounts by their ids only. Those of single lines stand in the sums. */
  private async findUses(invoice: InvoiceSnapshot): Promise<PromotionUse[]> {
    if (!hasDiscounts(invoice)) return [];
    const expand = ['discounts', 'total_discount_amounts.discount'];
    const shown = await unlessMissing(this.stripe.invoices.retrieve(invoice.id, { expand }));
    const ofLines = (shown?.total_discount_amounts ?? []).map(({ discount }) => discount);
    return usesOf([...(shown?.discounts ?? []), ...ofLines]);
  }

  /**
   * The host's user id (stripe.md, "Where fields are now"): none is needed when the customer is bound to a referral;
   * else the snapshot on the invoice, then the subscription's and the customer's metadata.
   */
  private async findReferredUser(invoice: InvoiceSnapshot): Promise<string | null> {
    const known = (await this.findKnownUsers([invoice])).get(invoice.id);
    if (known !== undefined) return known;
    const key = this.config.referredUserMetadataKey;
    const customerId = idOf(invoice.customer);
    const subscriptionId = idOf(subscriptionDetails(invoice)?.subscription);
    if (subscriptionId) {
      const subscription = await unlessMissing(this.stripe.subscriptions.retrieve(subscriptionId));
      const onSubscription = metadataValue(subscription?.metadata, key);
      if (onSubscription) return onSubscription;
    }
    if (!customerId) return null;
    const customer = await unlessMissing(this.stripe.customers.retrieve(customerId));
    return customer && !customer.deleted ? metadataValue(customer.metadata, key) : null;
  }

  /** The same as far as Stripe need not be asked, by the invoices' ids, in two queries for any number. */
  private async findKnownUsers(invoices: readonly InvoiceSnapshot[]): Promise<Map<string, string | null>> {
    const known = new Map<string, string | null>();
    const unnamed: InvoiceSnapshot[] = [];
    for (const invoice of invoices) {
      const metadata = subscriptionDetails(invoice)?.metadata;
      const onInvoice = metadataValue(metadata, this.config.referredUserMetadataKey);
      if (onInvoice) known.set(invoice.id, onInvoice);
      else unnamed.push(invoice);
    }
    if (unnamed.length === 0) return known;
    const bound = new Set(await this.findBoundCustomers(unnamed));
    const users = await this.findUsersOfSubscriptions(unnamed);
    for (const invoice of unnamed) {
      const user = users.get(idOf(subscriptionDetails(invoice)?.subscription) ?? '');
      if (bound.has(idOf(invoice.customer))) known.set(invoice.id, null);
      else if (user) known.set(invoice.id, user);
    }
    return known;
  }

  private async findBoundCustomers(invoices: readonly InvoiceSnapshot[]): Promise<(string | null)[]> {
    const ids = invoices.flatMap(({ customer }) => idOf(customer) ?? []);
    const bound = await this.database.prisma.referral.findMany({
      where: { stripeCustomerId: { in: ids } },
      select: { stripeCustomerId: true },
    });
    return bound.map(({ stripeCustomerId }) => stripeCustomerId);
  }

  private async findUsersOfSubscriptions(invoices: readonly InvoiceSnapshot[]): Promise<Map<string, string | null>> {
    const ids = invoices.flatMap((invoice) => idOf(subscriptionDetails(invoice)?.subscription) ?? []);
    const known = await this.database.prisma.stripeSubscription.findMany({ where: { id: { in: ids } } });
    return new Map(known.map(({ id, referredUserId }) => [id, referredUserId]));
  }
}

function hasDiscounts({ discounts, total_discount_amounts: amounts }: InvoiceSnapshot): boolean {
  return Boolean(discounts?.length) || Boolean(amounts?.length);
}

/** What the event of a paid invoice tells, but for whose it is. */
function paidInvoiceIn(event: InboundEvent) {
  const invoice: InvoiceSnapshot = snapshotOf(event, 'invoice');
  const invoicePayments = invoicePaymentFacts(invoice.payments?.data ?? []);
  return { invoice, facts: invoiceFacts(invoice, event.id), invoicePayments, cause: causeOf(event) };
}

function invoiceFacts(invoice: InvoiceSnapshot, stripeEventId: string): Omit<PaidInvoice, 'referredUserId'> {
  const offStripe =
    (invoice.amount_paid_off_stripe ?? null) === null ? 0n : getAmountMinor(invoice, 'amount_paid_off_stripe');
  const paid = getAmountMinor(invoice, 'amount_paid');
  const excludingTax = invoice.total_excluding_tax ?? null;
  return {
    id: invoice.id,
    customerId: idOf(invoice.customer),
    subscriptionId: idOf(subscriptionDetails(invoice)?.subscription),
    currency: getCurrency(invoice),
    totalMinor: getAmountMinor(invoice, 'total'),
    // Only what is absent is none: the total in place of one that cannot be read would be a commission on the tax.
    totalExcludingTaxMinor: excludingTax === null ? null : getAmountMinor(invoice, 'total_excluding_tax'),
    // Money that did not come through Stripe earns nothing by itself: nobody but the host can vouch for it.
    amountPaidMinor: paid > offStripe ? paid - offStripe : 0n,
    amountPaidOffStripeMinor: offStripe,
    paidAt: paidAtOf(invoice),
    stripeEventId,
  };
}

/** An old snapshot may not say when it was paid; it was made by then. */
function paidAtOf(invoice: InvoiceSnapshot): Date {
  const transitions = invoice.status_transitions;
  const isSaid = transitions && (transitions.paid_at ?? null) !== null;
  return isSaid ? getMoment(transitions, 'paid_at') : getMoment(invoice, 'created');
}

function subscriptionDetails(invoice: InvoiceSnapshot): Stripe.Invoice.Parent['subscription_details'] | undefined {
  return invoice.parent?.type === 'subscription_details' ? invoice.parent.subscription_details : undefined;
}
