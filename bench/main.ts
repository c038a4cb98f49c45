import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBenchServer, type BenchServer } from './harness/bench-server.js';
import { printTable, type Row } from './harness/table.js';
import { dashboardReads } from './dashboard-reads.js';
import { fraudEvaluation } from './fraud-evaluation.js';
import { ledgerVerification } from './ledger-verification.js';
import { payoutPreparation } from './payout-preparation.js';
import { payoutSending } from './payout-sending.js';

const BENCHMARKS: Record<string, (server: BenchServer, quick: boolean) => Promise<Row[]>> = {
  'payout-preparation': payoutPreparation,
  'payout-sending': payoutSending,
  'ledger-verification': ledgerVerification,
  'fraud-evaluation': fraudEvaluation,
  'dashboard-reads': dashboardReads,
};

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}: ${Object.keys(BENCHMARKS).join(', ')}.`);
  process.exit(2);
}

const results: Record<string, Row[]> = {};
const server = await startBenchServer();
try {
  for (const [name, run] of Object.entries(BENCHMARKS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const rows = await run(server, values.quick);
    printTable(name, rows);
    results[name] = rows;
  }
} finally {
  await server.stop();
}
const folder = join(process.cwd(), 'bench', 'results');
mkdirSync(folder, { recursive: true });
const surroundings = { node: process.version, cores: availableParallelism(), quick: values.quick };
writeFileSync(join(folder, 'latest.json'), `${JSON.stringify({ ...surroundings, results }, null, 2)}\n`);
