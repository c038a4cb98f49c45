import { Injectable } from '@nestjs/common';
import { CommissionsService } from '../../../commissions/commissions.service.js';
import { Config } from '../../../config/config.js';
import type { Tx } from '../../../database/database.js';
import type { CustomerFacts } from '../../../referrals/referral-lifecycle.js';
import { idOf, metadataValue } from '../../stripe-object.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
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
  ) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const facts = this.factsOf(event);
    return async (tx: Tx) => {
      if (facts) await this.commissions.recordCustomer(tx, facts, causeOf(event));
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
