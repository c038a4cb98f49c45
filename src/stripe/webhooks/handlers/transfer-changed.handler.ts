import { Injectable } from '@nestjs/common';
import type { Tx } from '../../../database/database.js';
import { TransferReversals } from '../../../payouts/reversals/transfer-reversals.service.js';
import { transferFactOf } from '../../gateways/transfer-facts.js';
import { EventHandler, type Apply } from '../event-handlers.js';
import { causeOf, snapshotOf } from '../inbound-event.js';
import type { InboundEvent } from '../webhook-verifier.js';

/**
 * `transfer.*`: money of a payout went out, or came back. A transfer has no status, and only grows in what was reversed
 * of it, so its snapshot is enough in whatever order the events come. The platform's other transfers are none of ours.
 */
@Injectable()
export class TransferChangedHandler extends EventHandler {
  override readonly types = ['transfer.created', 'transfer.updated', 'transfer.reversed'];
  override readonly source = 'platform';

  constructor(private readonly reversals: TransferReversals) {
    super();
  }

  override async prepare(event: InboundEvent): Promise<Apply> {
    const fact = transferFactOf(snapshotOf(event, 'transfer'));
    if (!fact) return async () => undefined;
    const { occurredAt } = causeOf(event);
    return (tx: Tx) => this.reversals.record(tx, { ...fact, reversedAt: fact.reversedAt ?? occurredAt }, event.id);
  }
}
