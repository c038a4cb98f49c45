import { Injectable } from '@nestjs/common';
import { CommissionsService } from '../../../commissions/commissions.service.js';
import type { Tx } from '../../../database/database.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import { invoicePaymentFacts } from '../payment-reader.js';
import type { InboundEvent } from '../webhook-verifier.js';

/** `invoice_payment.paid`: which payment paid how much of which invoice, for the day it is refunded or disputed. */
@Injectable()
export class InvoicePaymentPaidHandler extends EventHandler {
  override readonly types = ['invoice_payment.paid'];
  override readonly source = 'platform';

  constructor(private readonly commissions: CommissionsService) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const invoicePayments = invoicePaymentFacts([snapshotOf(event, 'invoice_payment')]);
    return (tx: Tx) => this.commissions.record(tx, { invoicePayments }, causeOf(event));
  }
}
