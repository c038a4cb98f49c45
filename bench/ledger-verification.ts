import { settle, type BenchServer } from './harness/bench-server.js';
import { runWorker } from './harness/measured-process.js';
import { seedLedger } from './harness/seed-ledger.js';
import type { Row } from './harness/table.js';

interface Verification extends Record<string, number> {
  verifyMs: number;
  breaches: number;
}

/** The invariants of the ledger, without the replay of Stripe's facts; it must find the seed sound, too. */
export async function ledgerVerification(server: BenchServer, quick: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const affiliates of quick ? [500] : [2_000, 20_000]) {
    rows.push(
      await server.withDatabase(`verification_${affiliates}`, async (database) => {
        await seedLedger(database.admin, { affiliates, commissionsPerMonth: 50, paidMonths: 1, lastMonth: 'payable' });
        await settle(database.admin);
        const { rows: counted } = await database.admin.query<{ n: string }>('SELECT count(*) AS n FROM postings');
        const postings = Number(counted[0]?.n);
        const { verifyMs, breaches, peakMegabytes } = await runWorker<Verification>('verify-ledger', database);
        if (breaches > 0) throw new Error(`the seed has ${breaches} breaches`);
        return {
          postings,
          s: verifyMs / 1000,
          'postings per s': postings / (verifyMs / 1000),
          'peak MB': peakMegabytes,
        };
      }),
    );
  }
  return rows;
}
