import { Injectable } from '@nestjs/common';
import { CommissionsService } from '../../../commissions/commissions.service.js';
import type { LossFact } from '../../../commissions/facts/loss-records.js';
import type { Tx } from '../../../database/database.js';
import { getAmountMinor, getCurrency } from '../../stripe-object.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import { PaymentReader } from '../payment-reader.js';
import type { InboundEvent } from '../webhook-verifier.js';

/**
 * `charge.dispute.*`: the customer's bank asks about a payment, takes it back, or gives it up. All five events carry
 * the dispute; its status says what it costs.
 */
@Injectable()
export class DisputeChangedHandler extends EventHandler {
  override readonly types = [
    'charge.dispute.created',
    'charge.dispute.updated',
    'charge.dispute.closed',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.funds_reinstated',
  ];
  override readonly source = 'platform';

  constructor(
    private readonly payments: PaymentReader,
    private readonly commissions: CommissionsService,
  ) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const dispute = snapshotOf(event, 'dispute');
    const paymentId = await this.payments.findPaymentId(dispute);
    if (paymentId === null) return async () => undefined;
    const loss: LossFact = {
      id: dispute.id,
      source: 'dispute',
      paymentId,
      invoiceId: null,
      currency: getCurrency(dispute),
      amountMinor: getAmountMinor(dispute, 'amount'),
      status: dispute.status,
      stripeEventId: event.id,
    };
    const invoicePayments = await this.payments.invoicePaymentsOf(paymentId);
    return (tx: Tx) => this.commissions.record(tx, { invoicePayments, losses: [loss] }, causeOf(event));
  }
}
