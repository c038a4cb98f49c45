import { lockNames } from '../database/advisory-locks.js';
import type { SqlTx } from '../database/sql-transaction.js';

/** What the rules count and compare of signups. */
interface ComparedSignups {
  affiliateIds: readonly string[];
  /** In hexadecimal. */
  emailHashes: readonly string[];
}

/**
 * Serialises what the rules look at, before they are asked in the transaction that writes it: of two that credit one
 * affiliate, or one e-mail to two, at the same moment, neither would see the other's signups otherwise, and what is only
 * there in both together would be found by nobody until the night. Who comes second waits for the first one's commit, and
 * asks in a statement of its own, which sees what that one has written. Held until the transaction ends.
 *
 * In the order of locks after customers and users, before balances; one statement, in the order of the names.
 */
export async function lockComparedSignups(tx: SqlTx, { affiliateIds, emailHashes }: ComparedSignups): Promise<void> {
  await lockNames(tx, [
    ...affiliateIds.map((affiliateId) => `signups:${affiliateId}`),
    ...emailHashes.map((hash) => `signup-email:${hash}`),
  ]);
}
