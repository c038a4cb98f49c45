import { Injectable } from '@nestjs/common';
import { EventHandler, type Effects } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import { invoicePaymentFacts } from '../payment-reader.js';
import type { InboundEvent } from '../webhook-verifier.js';

/** `invoice_payment.paid`: which payment paid how much of which invoice, for the day it is refunded or disputed. */
@Injectable()
export class InvoicePaymentPaidHandler extends EventHandler {
  override readonly types = ['invoice_payment.paid'];
  override readonly source = 'platform';

  override async prepare(event: InboundEvent): Promise<Effects> {
    const invoicePayments = invoicePaymentFacts([snapshotOf(event, 'invoice_payment')]);
    return { facts: { invoicePayments }, cause: causeOf(event) };
  }
}
