import type { BenchDatabase, BenchServer } from './harness/bench-server.js';
import { settle } from './harness/bench-server.js';
import { runWorker } from './harness/measured-process.js';
import { seedLedger, type LedgerShape } from './harness/seed-ledger.js';
import type { Row } from './harness/table.js';

const COMMISSIONS_PER_MONTH = 50;
/** In the months before: what counts is how many payouts and lines lie behind a run, and seeding takes long. */
const COMMISSIONS_PER_PAID_MONTH = 1;
/** What reserving inserts into. */
const WRITTEN = ['payouts', 'payout_lines', 'journal_entries', 'postings'];

interface Preparation extends Record<string, number> {
  releaseMs: number;
  reserveMs: number;
}

/**
 * Preparing a run: releasing what was held, reserving what is paid. Beside each figure stands its baseline from the
 * same database: reading the items once and inserting all that the run wrote, in one statement for each table, which is
 * what the machine can do.
 */
export async function payoutPreparation(server: BenchServer, quick: boolean): Promise<Row[]> {
  const shapes: LedgerShape[] = quick
    ? [shape(1_000, 0, 'payable'), shape(1_000, 3, 'payable'), shape(1_000, 0, 'held')]
    : [
        shape(1_000, 24, 'payable'),
        shape(10_000, 0, 'payable'),
        shape(10_000, 24, 'payable'),
        shape(100_000, 24, 'payable'),
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
  await expectAllReserved(database, one);
  const plainMs = await plainInserts(database);
  return {
    affiliates: one.affiliates,
    'paid months before': one.paidMonths,
    'last month': one.lastMonth,
    'release s': releaseMs / 1000,
    'reserve s': reserveMs / 1000,
    'µs per affiliate': (1000 * (releaseMs + reserveMs)) / one.affiliates,
    'reserve ÷ plain inserts': reserveMs / plainMs,
    'peak MB': peakMegabytes,
  };
}

/** @throws Error unless every commission of the last month stands in a payout: half a run is quick. */
async function expectAllReserved({ admin }: BenchDatabase, one: LedgerShape): Promise<void> {
  const { rows } = await admin.query<{ items: string }>(
    `SELECT sum(l.item_count) AS items FROM payout_lines l JOIN payouts p ON p.id = l.payout_id WHERE p.status = 'pending'`,
  );
  const items = Number(rows[0]?.items);
  if (items !== one.affiliates * one.commissionsPerMonth) throw new Error(`only ${items} items were reserved`);
}

/** The same rows once more, into tables with the same indexes. */
async function plainInserts({ admin }: BenchDatabase): Promise<number> {
  const ofTheRun = `
    CREATE TEMP VIEW run_payouts AS SELECT * FROM payouts WHERE status = 'pending';
    CREATE TEMP VIEW run_payout_lines AS SELECT l.* FROM payout_lines l JOIN run_payouts p ON p.id = l.payout_id;
    CREATE TEMP VIEW run_journal_entries AS
      SELECT e.* FROM journal_entries e JOIN run_payouts p ON p.id = e.payout_id WHERE e.kind = 'payout_reserved';
    CREATE TEMP VIEW run_postings AS SELECT p.* FROM postings p JOIN run_journal_entries e ON e.id = p.entry_id;`;
  await admin.query(ofTheRun);
  for (const table of WRITTEN) await admin.query(`CREATE TABLE plain_${table} (LIKE ${table} INCLUDING ALL)`);
  await admin.query('CHECKPOINT');
  const startedMs = performance.now();
  await admin.query(
    `SELECT affiliate_id, currency, count(*), sum(amount_minor) FROM postings
     WHERE payable_since IS NOT NULL AND seq >= (SELECT min(l.first_seq) FROM run_payout_lines l) GROUP BY affiliate_id, currency`,
  );
  for (const table of WRITTEN) await admin.query(`INSERT INTO plain_${table} SELECT * FROM run_${table}`);
  return performance.now() - startedMs;
}

function shape(affiliates: number, paidMonths: number, lastMonth: LedgerShape['lastMonth']): LedgerShape {
  return {
    affiliates,
    commissionsPerMonth: COMMISSIONS_PER_MONTH,
    commissionsPerPaidMonth: COMMISSIONS_PER_PAID_MONTH,
    paidMonths,
    lastMonth,
  };
}
