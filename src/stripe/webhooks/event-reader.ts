import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { isResourceMissing } from '../gateways/stripe-errors.js';
import type { InboundEvent, SnapshotEvent } from './webhook-verifier.js';

/** An event that cannot be read, today or tomorrow. */
export class ForeignVersionError extends Error {}

/** Shows the object of an event as this version of Stripe's API renders it. */
@Injectable()
export class EventReader {
  /** `endive` of `2026-10-28.endive`: within a family the fields we read do not move. */
  private readonly ourFamily = Stripe.API_VERSION.split('.')[1];

  constructor(private readonly stripe: Stripe) {}

  /** Whether it may be read as it is. */
  isInOurVersion(event: InboundEvent): boolean {
    if (event.object !== 'event' || !event.api_version) return true;
    // Whoever can sign may write anything here, and what throws now would hold up all that wait with it.
    return typeof event.api_version === 'string' && event.api_version.split('.')[1] === this.ourFamily;
  }

  /**
   * An event rendered by another API version is not read: its object is fetched in ours.
   * @throws ForeignVersionError where there is no way to; else what Stripe throws.
   */
  async inOurVersion(event: InboundEvent): Promise<InboundEvent> {
    if (event.object !== 'event' || this.isInOurVersion(event)) return event;
    try {
      return { ...event, data: { object: await this.fetchObject(event) } };
    } catch (error) {
      if (isResourceMissing(error))
        throw new ForeignVersionError(`its object cannot be fetched in ${Stripe.API_VERSION}`);
      throw error;
    }
  }

  private async fetchObject({ data, api_version, account }: SnapshotEvent): Promise<SnapshotEvent['data']['object']> {
    const { object, id = '' } = data.object;
    switch (object) {
      case 'invoice':
        return { ...(await this.stripe.invoices.retrieve(id)) };
      case 'subscription':
        return { ...(await this.stripe.subscriptions.retrieve(id)) };
      case 'customer':
        return { ...(await this.stripe.customers.retrieve(id)) };
      case 'checkout.session':
        return { ...(await this.stripe.checkout.sessions.retrieve(id)) };
      case 'invoice_payment':
        return { ...(await this.stripe.invoicePayments.retrieve(id)) };
      case 'refund':
        return { ...(await this.stripe.refunds.retrieve(id)) };
      case 'charge':
        return { ...(await this.stripe.charges.retrieve(id)) };
      case 'dispute':
        return { ...(await this.stripe.disputes.retrieve(id)) };
      case 'credit_note':
        return { ...(await this.stripe.creditNotes.retrieve(id)) };
      case 'transfer':
        return { ...(await this.stripe.transfers.retrieve(id)) };
      case 'payout':
        return { ...(await this.stripe.payouts.retrieve(id, {}, { stripeAccount: account })) };
      default:
        throw new ForeignVersionError(`no way to read ${object ?? 'an object'} of API version ${api_version ?? ''}`);
    }
  }
}
