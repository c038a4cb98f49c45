import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { CommissionsService } from '../../../commissions/commissions.service.js';
import type { LossFact } from '../../../commissions/facts/loss-records.js';
import type { Tx } from '../../../database/database.js';
import { isResourceMissing } from '../../gateways/stripe-errors.js';
import { getAmountMinor, getCurrency, idOf } from '../../stripe-object.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import { PaymentReader } from '../payment-reader.js';
import type { InboundEvent } from '../webhook-verifier.js';

const PAGE_SIZE = 100;

/**
 * `refund.*` and `charge.refunded`: money went back to the customer, or failed to after all. Several of these events
 * tell of one refund; what counts is the refund, by its own id.
 */
@Injectable()
export class RefundChangedHandler extends EventHandler {
  override readonly types = [
    'refund.created',
    'refund.updated',
    'refund.failed',
    'charge.refund.updated',
    'charge.refunded',
  ];
  override readonly source = 'platform';

  constructor(
    private readonly stripe: Stripe,
    private readonly payments: PaymentReader,
    private readonly commissions: CommissionsService,
  ) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const object = snapshotOf(event, 'refund', 'charge');
    const refunds = object.object === 'charge' ? await this.refundsOf(object) : [object];
    const paymentId = refunds[0] ? await this.payments.findPaymentId(refunds[0]) : null;
    // A refund of something that is no payment through Stripe takes nothing from an invoice we know.
    if (paymentId === null) return async () => undefined;
    const losses = refunds.map((refund) => lossOf(refund, paymentId, event.id));
    const invoicePayments = await this.payments.invoicePaymentsOf(paymentId);
    return (tx: Tx) => this.commissions.record(tx, { invoicePayments, losses }, causeOf(event));
  }

  /**
   * A charge no longer lists its refunds (since 2022-11-15): they are asked for. Where Stripe does not know the charge
   * any more, those that an older snapshot shows are taken.
   * @throws Error when money went back and no refund says how: the event is tried again, and seen if that never helps.
   */
  private async refundsOf(charge: Stripe.Charge): Promise<Stripe.Refund[]> {
    const refunds: Stripe.Refund[] = [];
    try {
      for await (const refund of this.stripe.refunds.list({ charge: charge.id, limit: PAGE_SIZE })) {
        if (idOf(refund.charge) === charge.id) refunds.push(refund);
      }
    } catch (error) {
      if (!isResourceMissing(error)) throw error;
    }
    if (refunds.length === 0) refunds.push(...(charge.refunds?.data ?? []));
    if (refunds.length > 0) return refunds;
    const refundedMinor = getAmountMinor(charge, 'amount_refunded');
    if (refundedMinor !== 0n) {
      throw new Error(`${refundedMinor} of charge ${charge.id} were refunded, but Stripe shows no refund of it`);
    }
    return refunds;
  }
}

function lossOf(refund: Stripe.Refund, paymentId: string, stripeEventId: string): LossFact {
  return {
    id: refund.id,
    source: 'refund',
    paymentId,
    invoiceId: null,
    currency: getCurrency(refund),
    amountMinor: getAmountMinor(refund, 'amount'),
    // Null only in old snapshots of refunds that went through at once.
    status: refund.status ?? 'succeeded',
    stripeEventId,
  };
}
