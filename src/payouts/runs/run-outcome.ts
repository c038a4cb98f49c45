import { Prisma } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';
import type { SkipReason } from '../eligibility/eligibility.js';
import type { PayoutStatus } from '../payout-status.js';

/** What a run came to, or what it has come to so far. */
export interface RunOutcome {
  /** By currency and status, in that order; those that were reversed count as paid. Amounts in minor units, as text. */
  payouts: { currency: string; status: Exclude<PayoutStatus, 'reversed'>; count: number; amountMinor: string }[];
  /** By reason, in its order. */
  skips: { reason: SkipReason; count: number }[];
}

/** Of the run `r`, counted: it costs as much as the run has payouts. */
const COUNTED = Prisma.sql`
  jsonb_build_object(
    'payouts', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('currency', currency, 'status', status, 'count', n, 'amountMinor', amount::text)
                      ORDER BY currency, status), '[]')
      FROM (
        SELECT currency, CASE status WHEN 'reversed' THEN 'paid' ELSE status END AS status, count(*) AS n, sum(amount_minor) AS amount
        FROM payouts WHERE run_id = r.id GROUP BY 1, 2
      ) p),
    'skips', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('reason', reason, 'count', n) ORDER BY reason), '[]')
      FROM (SELECT reason, count(*) AS n FROM payout_skips WHERE run_id = r.id GROUP BY 1) s))`;

/** The outcome of the run `r`: as it is kept, or counted while the run is under way. */
export const OUTCOME_OF_RUN = Prisma.sql`coalesce(r.outcome, ${COUNTED})`;

/**
 * Keeps what a run came to, so that no list has to count it again. For the transaction that ends the run, which holds its
 * lock: nothing is pending, and whoever opens the run again takes the outcome away (`outcome: null`).
 */
export async function keepOutcome(tx: SqlTx, runId: string): Promise<void> {
  await tx.$executeRaw(keepingOutcome(runId));
}

/** The statement of it, for whoever has a connection of their own. */
export function keepingOutcome(runId: string): Prisma.Sql {
  return Prisma.sql`UPDATE payout_runs r SET outcome = ${COUNTED} WHERE r.id = ${runId}`;
}
