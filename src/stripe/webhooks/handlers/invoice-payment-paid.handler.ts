import { Injectable } from '@nestjs/common';
import type { Told } from '../../../commissions/commissions.service.js';
import { EventHandler, readEach } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import { invoicePaymentFacts } from '../payment-reader.js';
import type { InboundEvent } from '../webhook-verifier.js';

/** `invoice_payment.paid`: which payment paid how much of which invoice, for the day it is refunded or disputed. */
@Injectable()
export class InvoicePaymentPaidHandler extends EventHandler {
  override readonly types = ['invoice_payment.paid'];
  override readonly source = 'platform';

  override async prepare(event: InboundEvent): Promise<Told> {
    return toldBy(event);
  }

  override async tellAll(events: readonly InboundEvent[]): Promise<ReadonlyMap<string, Told>> {
    return readEach(events, toldBy);
  }
}

function toldBy(event: InboundEvent): Told {
  const invoicePayments = invoicePaymentFacts([snapshotOf(event, 'invoice_payment')]);
  return { facts: { invoicePayments }, cause: causeOf(event) };
}
