import type { SqlTx } from '../database/sql-transaction.js';

/** A port: what the ledger knows of referrals. */
export abstract class ReferralEarnings {
  /**
   * Net earnings of each referral's commissions in minor units of the referral's currency; ids without any are left
   * out. Inside a transaction `tx` is given and must be read through: it sees what the transaction has written, and a
   * second connection taken while holding one could starve the pool.
   */
  abstract lifetimeEarnedMinor(referralIds: string[], tx?: SqlTx): Promise<Map<string, bigint>>;
}
