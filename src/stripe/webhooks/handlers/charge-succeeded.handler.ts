import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import type { Tx } from '../../../database/database.js';
import { PaymentMethods, type PaymentMethodFact } from '../../../fraud/payment-methods.js';
import { idOf } from '../../stripe-object.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { snapshotOf } from '../inbound-event.js';
import type { InboundEvent } from '../webhook-verifier.js';

/** `charge.succeeded`: which card or bank account a customer paid with. The money is told by the invoice. */
@Injectable()
export class ChargeSucceededHandler extends EventHandler {
  override readonly types = ['charge.succeeded'];
  override readonly source = 'platform';

  constructor(private readonly paymentMethods: PaymentMethods) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const charge = snapshotOf(event, 'charge');
    const customerId = idOf(charge.customer);
    const method = paymentMethodOf(charge.payment_method_details);
    if (!customerId || !method) return async () => undefined;
    return (tx: Tx) => this.paymentMethods.customerPaid(tx, customerId, method);
  }
}

/** Cards and bank debits have a fingerprint in the part that is named like their type; wallets and the like have none. */
function paymentMethodOf(details: Stripe.Charge.PaymentMethodDetails | null): PaymentMethodFact | null {
  if (!details) return null;
  const part = details[details.type as keyof Stripe.Charge.PaymentMethodDetails] as
    { fingerprint?: unknown } | undefined;
  const fingerprint = part?.fingerprint;
  return typeof fingerprint === 'string' && fingerprint !== '' ? { fingerprint, kind: details.type } : null;
}
