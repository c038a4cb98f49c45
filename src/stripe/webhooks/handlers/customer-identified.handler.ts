import { Injectable } from '@nestjs/common';
import { CommissionsService } from '../../../commissions/commissions.service.js';
import { Config } from '../../../config/config.js';
import type { Tx } from '../../../database/database.js';
import type { CustomerFacts } from '../../../referrals/referral-lifecycle.js';
import { idOf, metadataValue } from '../../stripe-object.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import { RedemptionReader, usesOf, type SeenCustomer } from '../redemption-reader.js';
import type { InboundEvent } from '../webhook-verifier.js';

/**
 * `customer.created` and `checkout.session.completed`: which of the host's users a Stripe customer is. A session's
 * reference counts only when the host's server made the session: a payment link takes it from its address, where anyone
 * can write another (https://docs.stripe.com/payment-links/url-parameters).
 */
@Injectable()
export class CustomerIdentifiedHandler extends EventHandler {
  override readonly types = ['customer.created', 'checkout.session.completed'];
  override readonly source = 'platform';

  constructor(
    private readonly config: Config,
    private readonly commissions: CommissionsService,
    private readonly redemptions: RedemptionReader,
  ) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const facts = this.factsOf(event);
    const redeem = await this.redemptions.prepare({
      ...seenIn(event),
      referredUserId: facts?.referredUserId ?? null,
    });
    return async (tx: Tx) => {
      if (facts) await this.commissions.recordCustomer(tx, facts, causeOf(event));
      await redeem?.(tx);
    };
  }

  private factsOf(event: InboundEvent): CustomerFacts | null {
    const object = snapshotOf(event, 'customer', 'checkout.session');
    if (object.object === 'customer') {
      const referredUserId = metadataValue(object.metadata, this.config.referredUserMetadataKey);
      return referredUserId ? { id: object.id, referredUserId, source: 'metadata' } : null;
    }
    const customerId = idOf(object.customer);
    if (!customerId || !object.client_reference_id || object.payment_link) return null;
    return { id: customerId, referredUserId: object.client_reference_id, source: 'checkout' };
  }
}

/** Whose codes the event tells of. A session's counts whatever made the session: it was used, whoever the user is. */
function seenIn(event: InboundEvent): Omit<SeenCustomer, 'referredUserId'> {
  const object = snapshotOf(event, 'customer', 'checkout.session');
  if (object.object === 'customer') {
    return { customerId: object.id, email: object.email, findUses: () => usesOf([object.discount]) };
  }
  const { occurredAt: usedAt } = causeOf(event);
  return {
    customerId: idOf(object.customer),
    email: object.customer_details?.email ?? null,
    findUses: () =>
      (object.discounts ?? []).flatMap(({ promotion_code: promotionCode }) => {
        const stripePromotionCodeId = idOf(promotionCode);
        return stripePromotionCodeId ? [{ stripePromotionCodeId, usedAt }] : [];
      }),
  };
}
