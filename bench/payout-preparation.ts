import type { BenchDatabase, BenchServer } from './harness/bench-server.js';
import { settle } from './harness/bench-server.js';
import { runWorker } from './harness/measured-process.js';
import { seedLedger, type LedgerShape } from './harness/seed-ledger.js';
import type { Row } from './harness/table.js';

const COMMISSIONS_PER_MONTH = 50;

interface Preparation extends Record<string, number> {
  releaseMs: number;
  reserveMs: number;
}

/**
 * Preparing a run: releasing what was held, reserving what is paid. Beside each figure stands its baseline from the
 * same database: the plain insert of as many payout lines in one statement, which is what the machine can do.
 */
export async function payoutPreparation(server: BenchServer, quick: boolean): Promise<Row[]> {
  const shapes: LedgerShape[] = quick
    ? [shape(1_000, 0, 'payable'), shape(1_000, 3, 'payable'), shape(1_000, 0, 'held')]
    : [
        shape(1_000, 0, 'payable'),
        shape(10_000, 0, 'payable'),
        shape(100_000, 0, 'payable'),
        shape(2_000, 24, 'payable'),
        shape(2_000, 0, 'held'),
      ];
  const rows: Row[] = [];
  for (const [index, one] of shapes.entries()) {
    rows.push(await server.withDatabase(`preparation_${index}`, (database) => measure(database, one)));
  }
  return rows;
}

async function measure(database: BenchDatabase, one: LedgerShape): Promise<Row> {
  await seedLedger(database.admin, one);
  await settle(database.admin);
  const { releaseMs, reserveMs, peakMegabytes } = await runWorker<Preparation>('prepare-payouts', database, {
    flagsOf: 'payouts',
  });
  const lines = await countLines(database, one);
  const plainMs = await plainInsert(database);
  return {
    affiliates: one.affiliates,
    'paid months before': one.paidMonths,
    'last month': one.lastMonth,
    'release s': releaseMs / 1000,
    'reserve s': reserveMs / 1000,
    'µs per affiliate': (1000 * (releaseMs + reserveMs)) / one.affiliates,
    'reserve ÷ plain insert': reserveMs / plainMs,
    lines,
    'peak MB': peakMegabytes,
  };
}

/** @throws Error unless every commission of the last month stands in a payout: half a run is quick. */
async function countLines({ admin }: BenchDatabase, one: LedgerShape): Promise<number> {
  const { rows } = await admin.query<{ lines: string }>(
    `SELECT count(*) AS lines FROM payout_lines l JOIN payouts p ON p.id = l.payout_id WHERE p.status = 'pending'`,
  );
  const lines = Number(rows[0]?.lines);
  if (lines !== one.affiliates * one.commissionsPerMonth) throw new Error(`only ${lines} lines were reserved`);
  return lines;
}

/** The same lines once more in one statement, into a table with the same indexes. */
async function plainInsert({ admin }: BenchDatabase): Promise<number> {
  await admin.query('CREATE TABLE plain_lines (LIKE payout_lines INCLUDING ALL)');
  await admin.query('CHECKPOINT');
  const startedMs = performance.now();
  await admin.query(
    `INSERT INTO plain_lines SELECT l.* FROM payout_lines l JOIN payouts p ON p.id = l.payout_id WHERE p.status = 'pending'`,
  );
  return performance.now() - startedMs;
}

function shape(affiliates: number, paidMonths: number, lastMonth: LedgerShape['lastMonth']): LedgerShape {
  return { affiliates, commissionsPerMonth: COMMISSIONS_PER_MONTH, paidMonths, lastMonth };
}
