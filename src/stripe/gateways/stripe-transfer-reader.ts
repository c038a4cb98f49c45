import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { TransferReader, type ListedTransfer } from '../../payouts/reconciliation/transfer-reader.js';
import { listedIn } from '../stripe-object.js';
import { unlessMissing } from './stripe-errors.js';
import { transferFactOf } from './transfer-facts.js';

const PAGE_SIZE = 100;

@Injectable()
export class StripeTransferReader extends TransferReader {
  constructor(private readonly stripe: Stripe) {
    super();
  }

  override async *listTransfers(since: Date | null): AsyncGenerator<ListedTransfer[]> {
    const created = since && { created: { gte: Math.floor(since.getTime() / 1000) } };
    for await (const page of this.pages({ ...created })) yield await this.withReversals(page);
  }

  override async findTransfers(payoutId: string, transferIds: string[]): Promise<ListedTransfer[]> {
    const found = new Map<string, Stripe.Transfer>();
    for await (const page of this.pages({ transfer_group: payoutId })) {
      for (const transfer of page) found.set(transfer.id, transfer);
    }
    for (const id of transferIds) {
      const transfer = found.has(id) ? null : await unlessMissing(this.stripe.transfers.retrieve(id));
      if (transfer) found.set(id, transfer);
    }
    const listed = await this.withReversals([...found.values()]);
    return listed.filter((transfer) => transfer.payoutId === payoutId);
  }

  /** Newest first and from one to the next, so that what is made meanwhile shifts nothing. */
  private async *pages(query: Stripe.TransferListParams): AsyncGenerator<Stripe.Transfer[]> {
    let last: string | undefined;
    do {
      const page = await this.stripe.transfers.list({
        ...query,
        limit: PAGE_SIZE,
        ...(last !== undefined && { starting_after: last }),
      });
      const transfers = listedIn(page);
      yield transfers;
      last = page.has_more ? transfers.at(-1)?.id : undefined;
    } while (last !== undefined);
  }

  /** Those of our groups; one that shows only its newest reversals is asked for the others. */
  private async withReversals(transfers: Stripe.Transfer[]): Promise<ListedTransfer[]> {
    const listed: ListedTransfer[] = [];
    for (const transfer of transfers) {
      const fact = transferFactOf(transfer);
      if (!fact) continue;
      const { data, has_more: hasMore } = transfer.reversals;
      const reversals = hasMore ? await this.reversalsOf(transfer.id) : data;
      const reversalsMinor = reversals.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
      listed.push({ ...fact, reversalsMinor });
    }
    return listed;
  }

  private async reversalsOf(transferId: string): Promise<Stripe.TransferReversal[]> {
    const all: Stripe.TransferReversal[] = [];
    let last: string | undefined;
    do {
      const page = await this.stripe.transfers.listReversals(transferId, {
        limit: PAGE_SIZE,
        ...(last !== undefined && { starting_after: last }),
      });
      all.push(...listedIn(page));
      last = page.has_more ? all.at(-1)?.id : undefined;
    } while (last !== undefined);
    return all;
  }
}
