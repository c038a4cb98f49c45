import type Stripe from 'stripe';
import type { PayoutPageDto } from '../../src/payouts/payout.dto.js';
import type { TestApp } from '../setup/app.js';
import { hostStripe } from '../setup/host.js';
import { MOMENTS, PAYOUT_MOMENTS, type History } from './history.js';
import { orderOf } from './orders.js';

/** One state of a transfer, as a webhook tells it. */
export interface TransferNews {
  label: string;
  transfer: Stripe.Transfer;
}

/**
 * Takes back parts of the transfers that runs have made to one affiliate, and knows which of it the app was told. The
 * news come in an order of the lane's own, half of them a moment later, when the next run is about to start.
 */
export class TransferNewsDesk {
  readonly told: TransferNews[] = [];
  private held: TransferNews[] = [];
  /** The largest amount told of each transfer. */
  private readonly reversed = new Map<string, number>();

  constructor(
    private readonly api: TestApp,
    private readonly history: History,
    private readonly lane: { affiliateId: string; startsAt: number; shuffle: number },
  ) {}

  /** What is told at this moment: the rest of the last time, and what is reversed now. */
  async newsAt(moment: number): Promise<TransferNews[]> {
    const late = this.held;
    const fresh: TransferNews[] = [];
    const run = PAYOUT_MOMENTS.indexOf(moment - 1);
    for (const reversal of this.history.reversals) {
      if (reversal.run === run) fresh.push(...(await this.reverse(moment - 1, reversal.partsPermille)));
    }
    const ordered = orderOf(fresh, this.lane.shuffle);
    this.held = ordered.splice(Math.ceil(ordered.length / 2));
    return [...late, ...ordered];
  }

  /** @returns what this news adds to what was reversed by all that was told before it, and in which currency. */
  hear(news: TransferNews): { currency: string; amount: number } {
    const { id, currency, amount_reversed: amount } = news.transfer;
    const before = this.reversed.get(id) ?? 0;
    this.told.push(news);
    this.reversed.set(id, Math.max(before, amount));
    return { currency, amount: Math.max(0, amount - before) };
  }

  private async reverse(runMoment: number, partsPermille: number[]): Promise<TransferNews[]> {
    const stripe = hostStripe(this.api);
    const news: TransferNews[] = [];
    for (const transferId of await this.transfersOf(runMoment)) {
      for (const permille of partsPermille) {
        const { amount, amount_reversed: reversed } = await stripe.transfers.retrieve(transferId);
        if (amount === reversed) break;
        const part = Math.max(1, Math.floor(((amount - reversed) * permille) / 1000));
        await stripe.transfers.createReversal(transferId, { amount: part });
        const transfer = await stripe.transfers.retrieve(transferId);
        news.push({ label: `transfer.reversed ${transfer.currency} ${transfer.amount_reversed}`, transfer });
      }
    }
    return news;
  }

  private async transfersOf(runMoment: number): Promise<string[]> {
    const period = new Date((this.lane.startsAt + MOMENTS[runMoment]!) * 1000).toISOString().slice(0, 7);
    const path = `/v1/payouts?limit=100&affiliateId=${this.lane.affiliateId}`;
    const { data } = (await this.api.request<PayoutPageDto>('GET', path)).body;
    return data.flatMap((payout) => (payout.period === period ? (payout.stripeTransferId ?? []) : []));
  }
}
