import { settle, type BenchDatabase, type BenchServer } from './harness/bench-server.js';
import { asHost, measureAnswer, type MeasuredAnswer } from './harness/measured-answer.js';
import { runWorker } from './harness/measured-process.js';
import { postgresProcessorSeconds } from './harness/processor-time.js';
import type { Size } from './harness/size.js';
import { serveTransfers } from './harness/transfer-list.js';
import type { Row } from './harness/table.js';

interface Done extends Record<string, number> {
  count: number;
  ms: number;
  nodeSeconds: number;
}

/** Affiliates, each with a hundred sales and a thousand clicks within twelve months. */
const SIZES: Record<Size, number[]> = { quick: [20], usual: [200, 1_000], full: [1_000, 10_000] };
const CLICKS_PER_AFFILIATE = 1_000;

/** What the server does at night, or a command of package.json. The last ones take away what the others read. */
const JOBS: { job: string; of: string; command?: string; env?: Record<string, string> }[] = [
  { job: 'verify', of: 'postings', command: 'ledger:verify' },
  { job: 'replay', of: 'invoices', command: 'ledger:verify' },
  { job: 'reconcile', of: 'transfers', command: 'reconcile' },
  { job: 'compare', of: 'click_days' },
  { job: 'rebuild', of: 'clicks', command: 'rollups:rebuild' },
  { job: 'fraud', of: 'affiliates' },
  { job: 'preview', of: 'balances', command: 'payouts' },
];
const RETENTION: typeof JOBS = [
  { job: 'click-retention', of: 'clicks', env: { CLICK_RETENTION_DAYS: '200' } },
  { job: 'event-retention', of: 'events' },
];

/** Files of everything: of the API, and of the panel's lists. */
const API_FILES = ['payouts', 'referrals', 'commissions'];
const STATES = ['paid', 'held', 'reversed'];
const PANEL_FILES = ['commissions', 'ledger', 'clicks', 'referrals', 'payouts', 'decisions', 'events'];

/** Or the servers that write files would make up for it meanwhile. What else they do at night has left its mark by then. */
const NIGHT_IS_DONE = `
  INSERT INTO ledger_verifications (id, started_at, finished_at, breaches, is_sound) VALUES ('ver_bench', now(), now(), '[]', TRUE);
  INSERT INTO fraud_evaluation (id, completed_at) VALUES (1, now())`;

/** Every job and every file on a business of a year, at two sizes: what takes as much memory for ten times as much is bounded. */
export async function jobs(server: BenchServer, size: Size): Promise<Row[]> {
  const rows: Row[] = [];
  for (const affiliates of SIZES[size]) {
    rows.push(...(await server.withDatabase(`jobs_${affiliates}`, (database) => measure(database, affiliates))));
  }
  return rows;
}

async function measure(database: BenchDatabase, affiliates: number): Promise<Row[]> {
  const args = [String(affiliates), String(CLICKS_PER_AFFILIATE)];
  const generated = await work(database, 'generate', { args, flagsOf: 'db:generate' });
  await settle(database.admin);
  const sales = generated.count;
  const rows = [rowOf('generate', 'sales', generated)];
  const transfers = await serveTransfers(database.admin);
  try {
    for (const one of JOBS) rows.push(await runJob(database, one, { STRIPE_API_BASE: transfers.url }));
  } finally {
    await transfers.stop();
  }
  await database.admin.query(NIGHT_IS_DONE);
  rows.push(...(await measureFiles(database)));
  for (const one of RETENTION) rows.push(await runJob(database, one));
  return rows.map((row) => ({ sales, ...row }));
}

async function runJob(
  database: BenchDatabase,
  { job, of, command, env }: (typeof JOBS)[number],
  stripe: Record<string, string> = {},
): Promise<Row> {
  const options = { ...(command !== undefined && { flagsOf: command }), env: { ...stripe, ...env } };
  return rowOf(job, of, await work(database, job, options));
}

async function work(
  database: BenchDatabase,
  job: string,
  options: { args?: string[]; flagsOf?: string; env?: Record<string, string> },
): Promise<MeasuredAnswer> {
  const before = await postgresProcessorSeconds(database.admin);
  const args = [job, ...(options.args ?? [])];
  const done = await runWorker<Done>('run-job', database, { ...options, args, isGarbageTold: true });
  return { ...done, postgresSeconds: (await postgresProcessorSeconds(database.admin)) - before };
}

function rowOf(job: string, of: string, measured: MeasuredAnswer): Row {
  const { count, ms, nodeSeconds, postgresSeconds, peakMegabytes, keptMegabytes } = measured;
  return {
    job,
    of,
    count,
    s: ms / 1000,
    'per s': count / (ms / 1000),
    'Node µs each': (1e6 * nodeSeconds) / count,
    'PostgreSQL µs each': (1e6 * postgresSeconds) / count,
    'peak MB': peakMegabytes,
    'kept MB': keptMegabytes,
  };
}

async function measureFiles(database: BenchDatabase): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [job, path] of [
    ...API_FILES.map((list) => [`GET /v1/${list}?format=csv`, `/v1/${list}?format=csv`] as const),
    ...STATES.map((state) => [`commissions, state=${state}`, `/v1/commissions?format=csv&state=${state}`] as const),
    ['commissions of the largest affiliate', await commissionsOfLargest(database)] as const,
    ['statement of the payout with the most items', await largestStatement(database)] as const,
  ]) {
    rows.push(rowOf(job, 'rows', await measureAnswer(database, (url) => fetch(url + path, { headers: asHost() }))));
  }
  for (const list of PANEL_FILES) {
    const answer = await measureAnswer(database, async (url) =>
      fetch(`${url}/admin/export/${list}`, {
        method: 'POST',
        headers: {
          cookie: await logIn(url),
          origin: url,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ reason: 'for the bench' }).toString(),
      }),
    );
    rows.push(rowOf(`panel: ${list}`, 'rows', answer));
  }
  return rows;
}

async function commissionsOfLargest({ admin }: BenchDatabase): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    'SELECT affiliate_id AS id FROM commissions GROUP BY affiliate_id ORDER BY count(*) DESC LIMIT 1',
  );
  return `/v1/commissions?format=csv&affiliateId=${rows[0]?.id}`;
}

async function largestStatement({ admin }: BenchDatabase): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    'SELECT payout_id AS id FROM payout_lines GROUP BY payout_id ORDER BY sum(item_count) DESC LIMIT 1',
  );
  return `/v1/payouts/${rows[0]?.id}/statement?format=csv`;
}

/** As the first staff user, whom a server makes at its first start. */
async function logIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/admin/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ email: 'admin@example.com', password: 'fairshare-demo' }).toString(),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0];
  if (answer.status !== 303 || cookie === undefined) throw new Error(`logging in answered ${answer.status}`);
  return cookie;
}
