import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Clock } from '../../../common/clock.js';
import { Config } from '../../../config/config.js';
import type { Tx } from '../../../database/database.js';
import { ReferralLifecycle, type SubscriptionFacts } from '../../../referrals/referral-lifecycle.js';
import { unlessMissing } from '../../gateways/stripe-errors.js';
import { getMoment, idOf, metadataValue } from '../../stripe-object.js';
import { monthlyRevenueMinor } from '../../monthly-revenue.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { snapshotOf } from '../inbound-event.js';
import { RedemptionReader, usesOf } from '../redemption-reader.js';
import type { InboundEvent } from '../webhook-verifier.js';

/** A subscription as an event shows it: rendered by Stripe long ago perhaps, so not every field need be there. */
type SubscriptionSnapshot = Omit<Stripe.Subscription, 'discounts'> & { discounts?: Stripe.Subscription['discounts'] };

/**
 * `customer.subscription.*`: the subscription is asked for afresh, so that the order of events does not matter; each
 * event only says that something changed. One that Stripe no longer knows is taken from the event itself.
 */
@Injectable()
export class SubscriptionChangedHandler extends EventHandler {
  override readonly types = [
    'customer.subscription.created',
    'customer.subscription.updated',
    'customer.subscription.deleted',
  ];
  override readonly source = 'platform';

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly stripe: Stripe,
    private readonly lifecycle: ReferralLifecycle,
    private readonly redemptions: RedemptionReader,
  ) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const seenAt = this.clock.now();
    const snapshot: SubscriptionSnapshot = snapshotOf(event, 'subscription');
    const subscription =
      (await unlessMissing(this.stripe.subscriptions.retrieve(snapshot.id, { expand: ['discounts'] }))) ?? snapshot;
    const facts: SubscriptionFacts = {
      id: subscription.id,
      customerId: idOf(subscription.customer) ?? '',
      referredUserId: metadataValue(subscription.metadata, this.config.referredUserMetadataKey),
      status: subscription.status,
      mrrMinor: monthlyRevenueMinor(subscription.items.data),
      currency: subscription.currency,
      endedAt: (subscription.ended_at ?? null) !== null ? getMoment(subscription, 'ended_at') : null,
      seenAt,
    };
    const redeem = await this.redemptions.prepare({
      customerId: idOf(subscription.customer),
      referredUserId: facts.referredUserId,
      email: null,
      findUses: () => usesOf(subscription.discounts ?? []),
    });
    return async (tx: Tx) => {
      await this.lifecycle.recordSubscription(tx, facts);
      await redeem?.(tx);
    };
  }
}
