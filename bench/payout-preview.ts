import { settle, type BenchDatabase, type BenchServer } from './harness/bench-server.js';
import { asHost, linesOf, measureAnswer, type MeasuredAnswer } from './harness/measured-answer.js';
import { runWorker } from './harness/measured-process.js';
import { seedLedger } from './harness/seed-ledger.js';
import type { Row } from './harness/table.js';
import { serveTransfers } from './harness/transfer-list.js';

const COMMISSIONS_PER_MONTH = 10;

/**
 * What the next run would do, for a thousand and for many affiliates, each with a payout of the last run to compare with: as
 * `npm run payouts -- --dry-run` works it out, as the API's file, and as the API's answer, which alone has to hold all of it.
 */
export async function payoutPreview(server: BenchServer, quick: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const affiliates of quick ? [1_000] : [10_000, 100_000]) {
    rows.push(...(await server.withDatabase(`preview_${affiliates}`, (database) => measure(database, affiliates))));
  }
  return rows;
}

async function measure(database: BenchDatabase, affiliates: number): Promise<Row[]> {
  const shape = {
    affiliates,
    commissionsPerMonth: COMMISSIONS_PER_MONTH,
    paidMonths: 1,
    lastMonth: 'payable',
  } as const;
  await seedLedger(database.admin, { ...shape, commissionsPerPaidMonth: 1 });
  await settle(database.admin);
  const stripe = await serveTransfers(database.admin);
  const env = { STRIPE_API_BASE: stripe.url };
  const ask = (format: string) => (url: string) =>
    fetch(`${url}/v1/payout-runs/preview?format=${format}`, { method: 'POST', headers: asHost() });
  try {
    return [
      rowOf('`npm run payouts -- --dry-run`', await command(database, env)),
      rowOf('file of the API', await measureAnswer(database, ask('csv'), { countIn: linesOf, env })),
      rowOf('answer of the API', await measureAnswer(database, ask('json'), { countIn: payoutsOf, env })),
    ];
  } finally {
    await stripe.stop();
  }

  function rowOf(what: string, { count, ms, peakMegabytes, keptMegabytes }: Measured): Row {
    if (count !== affiliates) throw new Error(`${what} decided about ${count} of ${affiliates}`);
    return {
      affiliates,
      what,
      s: ms / 1000,
      'µs each': (1000 * ms) / count,
      'peak MB': peakMegabytes,
      'kept MB': keptMegabytes,
    };
  }
}

type Measured = Omit<MeasuredAnswer, 'nodeSeconds' | 'postgresSeconds'>;

function command(database: BenchDatabase, env: Record<string, string>): Promise<Measured> {
  return runWorker<{ count: number; ms: number }>('run-job', database, {
    args: ['preview'],
    flagsOf: 'payouts',
    env,
    isGarbageTold: true,
  });
}

async function payoutsOf(answer: Response): Promise<number> {
  const { payouts } = (await answer.json()) as { payouts: object[] };
  return payouts.length;
}
