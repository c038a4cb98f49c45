import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBenchServer, type BenchServer } from './harness/bench-server.js';
import type { Size } from './harness/size.js';
import { printTable, type Row } from './harness/table.js';
import { goalsTable } from './goals.js';
import { attribution } from './attribution.js';
import { authentication } from './authentication.js';
import { clicks } from './clicks.js';
import { dashboardReads } from './dashboard-reads.js';
import { fraudEvaluation } from './fraud-evaluation.js';
import { idleMemory } from './idle-memory.js';
import { jobs } from './jobs.js';
import { ledgerVerification } from './ledger-verification.js';
import { payoutPreparation } from './payout-preparation.js';
import { payoutPreview } from './payout-preview.js';
import { payoutSending } from './payout-sending.js';
import { twoInstances } from './two-instances.js';
import { webhooks } from './webhooks.js';

const BENCHMARKS: Record<string, (server: BenchServer, size: Size) => Promise<Row[]>> = {
  clicks,
  webhooks,
  attribution,
  authentication,
  'two-instances': twoInstances,
  'payout-preparation': (server, size) => payoutPreparation(server, size === 'quick'),
  'payout-preview': (server, size) => payoutPreview(server, size === 'quick'),
  'payout-sending': (server, size) => payoutSending(server, size === 'quick'),
  'ledger-verification': (server, size) => ledgerVerification(server, size === 'quick'),
  'fraud-evaluation': (server, size) => fraudEvaluation(server, size === 'quick'),
  'idle-memory': idleMemory,
  jobs,
  'dashboard-reads': (server, size) => dashboardReads(server, size === 'quick'),
};

/** What one benchmark found, and on what. */
interface Result {
  node: string;
  cores: number;
  size: Size;
  at: string;
  rows: Row[];
}

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, full: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}: ${Object.keys(BENCHMARKS).join(', ')}.`);
  process.exit(2);
}
const GOALS_BEGIN = '<!-- goals -->';
const GOALS_END = '<!-- end of goals -->';

const size: Size = values.quick ? 'quick' : values.full ? 'full' : 'usual';

const folder = join(process.cwd(), 'bench', 'results');
const file = join(folder, 'latest.json');
mkdirSync(folder, { recursive: true });

const server = await startBenchServer();
try {
  for (const [name, run] of Object.entries(BENCHMARKS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const rows = await run(server, size);
    printTable(name, rows);
    keep(name, { node: process.version, cores: availableParallelism(), size, at: new Date().toISOString(), rows });
  }
} finally {
  await server.stop();
}
if (size !== 'quick' && positionals.length === 0) writeGoals();

/** After each of them, so that one that fails takes nothing of the others with it. */
function keep(name: string, result: Result): void {
  writeFileSync(file, `${JSON.stringify({ ...readResults(), [name]: result }, null, 2)}\n`);
}

/**
 * The head of docs/performance.md, between its marks: what is promised, what was measured, and whether that is met. Of a
 * run of all benchmarks, so that all that stands there is of one run.
 */
function writeGoals(): void {
  const document = join(process.cwd(), 'docs', 'performance.md');
  const text = readFileSync(document, 'utf8');
  const [begin, end] = [text.indexOf(GOALS_BEGIN) + GOALS_BEGIN.length, text.indexOf(GOALS_END)];
  if (end < begin) throw new Error(`${document} has no place for the goals`);
  const results = readResults();
  const rows = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, result.rows]));
  const day = new Date().toISOString().slice(0, 10);
  const measured = `Measured in one run on ${day}, by Node ${process.version} on ${availableParallelism()} cores.`;
  writeFileSync(document, `${text.slice(0, begin)}\n\n${goalsTable(rows)}\n\n${measured}\n\n${text.slice(end)}`);
}

function readResults(): Record<string, Result> {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Result>) : {};
}
