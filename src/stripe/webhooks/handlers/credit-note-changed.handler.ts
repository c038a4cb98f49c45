import { Injectable } from '@nestjs/common';
import { CommissionsService } from '../../../commissions/commissions.service.js';
import type { LossFact } from '../../../commissions/facts/loss-records.js';
import type { Tx } from '../../../database/database.js';
import { getAmountMinor, getCurrency, idOf } from '../../stripe-object.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import type { InboundEvent } from '../webhook-verifier.js';

/**
 * `credit_note.*`: a correction of a finalised invoice. Of its three ways to give money back only one is told nowhere
 * else: what was settled outside Stripe. A refund tells of itself, and credit put on the customer's balance lowers what
 * is paid on a later invoice (https://docs.stripe.com/api/credit_notes/object).
 */
@Injectable()
export class CreditNoteChangedHandler extends EventHandler {
  override readonly types = ['credit_note.created', 'credit_note.updated', 'credit_note.voided'];
  override readonly source = 'platform';

  constructor(private readonly commissions: CommissionsService) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const note = snapshotOf(event, 'credit_note');
    const invoiceId = idOf(note.invoice);
    if ((note.out_of_band_amount ?? 0) === 0 || invoiceId === null) return async () => undefined;
    const loss: LossFact = {
      id: note.id,
      source: 'credit_note',
      paymentId: null,
      invoiceId,
      currency: getCurrency(note),
      amountMinor: getAmountMinor(note, 'out_of_band_amount'),
      status: note.status,
      stripeEventId: event.id,
    };
    return (tx: Tx) => this.commissions.record(tx, { losses: [loss] }, causeOf(event));
  }
}
