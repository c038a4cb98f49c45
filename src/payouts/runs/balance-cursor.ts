import type { BalanceKey } from '../../commissions/ledger/balances.js';
import type { Database } from '../../database/database.js';

/**
 * Balances per transaction: enough to make each statement worth its round trip, few enough to hold locks shortly, and that
 * a small run, too, is shared by its lanes.
 */
const BATCH_SIZE = 160;

/** Walks through the balances that have something payable, or owe it, a batch at a time; several lanes may share it. */
export class BalanceCursor {
  private after: BalanceKey = { affiliateId: '', currency: '' };
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly database: Database) {}

  /** The next batch, each handed out once; null at the end. */
  next(): Promise<BalanceKey[] | null> {
    const batch = this.queue.then(() => this.read());
    this.queue = batch;
    return batch;
  }

  private async read(): Promise<BalanceKey[] | null> {
    const keys = await this.database.prisma.$queryRaw<BalanceKey[]>`
      SELECT affiliate_id AS "affiliateId", currency FROM balances
      WHERE payable_minor <> 0 AND (affiliate_id, currency) > (${this.after.affiliateId}, ${this.after.currency})
      ORDER BY affiliate_id, currency LIMIT ${BATCH_SIZE}`;
    const last = keys.at(-1);
    if (!last) return null;
    this.after = last;
    return keys;
  }
}
