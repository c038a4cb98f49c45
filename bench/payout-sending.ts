import { settle, type BenchServer } from './harness/bench-server.js';
import { runWorker } from './harness/measured-process.js';
import { seedLedger } from './harness/seed-ledger.js';
import type { Row } from './harness/table.js';

interface Sending extends Record<string, number> {
  sendMs: number;
  paid: number;
}

/** Sending a reserved run to a provider that answers at once, at several rates: how near the engine comes to each. */
export async function payoutSending(server: BenchServer, quick: boolean): Promise<Row[]> {
  const cases = quick
    ? [{ payouts: 1_000, rate: 200 }]
    : [
        { payouts: 2_000, rate: 100 },
        { payouts: 2_000, rate: 500 },
        { payouts: 20_000, rate: 500 },
      ];
  const rows: Row[] = [];
  for (const [index, { payouts, rate }] of cases.entries()) {
    rows.push(
      await server.withDatabase(`sending_${index}`, async (database) => {
        await seedLedger(database.admin, {
          affiliates: payouts,
          commissionsPerMonth: 5,
          paidMonths: 0,
          lastMonth: 'payable',
        });
        await settle(database.admin);
        await runWorker('prepare-payouts', database, { env: { MIN_PAYOUT: 'usd:1' } });
        await database.admin.query("UPDATE payout_runs SET status = 'sending'");
        const { sendMs, paid, peakMegabytes } = await runWorker<Sending>('send-payouts', database, {
          flagsOf: 'payouts',
          env: {
            PAYOUT_REQUESTS_PER_SECOND: String(rate),
          },
        });
        if (paid !== payouts) throw new Error(`only ${paid} of ${payouts} were paid`);
        const perSecond = paid / (sendMs / 1000);
        return {
          payouts,
          'rate allowed': rate,
          'sent per s': perSecond,
          'sent ÷ allowed': perSecond / rate,
          'peak MB': peakMegabytes,
        };
      }),
    );
  }
  return rows;
}
