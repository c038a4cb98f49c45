import type { PayoutRun } from '@prisma/client';
import type { Tx } from '../../database/database.js';

/** Locks a run until the transaction ends, before any balance. @returns it as it is then. */
export async function lockRun(tx: Tx, runId: string): Promise<PayoutRun> {
  await tx.$executeRaw`SELECT 1 FROM payout_runs WHERE id = ${runId} FOR UPDATE`;
  return tx.payoutRun.findUniqueOrThrow({ where: { id: runId } });
}
