import { detectionRules } from '../src/fraud/rules/registry.js';
import type { BenchDatabase, BenchServer } from './harness/bench-server.js';
import { settle } from './harness/bench-server.js';
import { runWorker } from './harness/measured-process.js';
import { seedSignups, type SignupShape } from './harness/seed-signups.js';
import type { Row } from './harness/table.js';

/** What each rule took, by its name, in milliseconds; the signals of the first pass; the second pass as a whole. */
interface Evaluation extends Record<string, number> {
  signals: number;
  againMs: number;
}

/**
 * Every rule over all affiliates, one statement each, as the night does it: first with everything to be found, then with
 * nothing new.
 */
export async function fraudEvaluation(server: BenchServer, quick: boolean): Promise<Row[]> {
  const sizes = quick ? [1_000, 10_000] : [10_000, 100_000];
  const rows: Row[] = [];
  for (const affiliates of sizes) {
    rows.push(
      ...(await server.withDatabase(`fraud_${affiliates}`, (database) => measure(database, shapeOf(affiliates)))),
    );
  }
  return rows;
}

async function measure(database: BenchDatabase, shape: SignupShape): Promise<Row[]> {
  await seedSignups(database.admin, shape);
  await settle(database.admin);
  const evaluation = await runWorker<Evaluation>('evaluate-fraud', database);
  const { peakMegabytes, signals, againMs } = evaluation;
  const rules = [...detectionRules()].map(([rule]) => ({ rule, ms: evaluation[rule] ?? Number.NaN }));
  const { rows } = await database.admin.query<{ cases: string }>('SELECT count(*) AS cases FROM review_cases');
  const totalMs = rules.reduce((sum, { ms }) => sum + ms, 0);
  const { affiliates } = shape;
  return [
    ...rules.map(({ rule, ms }) => ({ affiliates, rule, s: ms / 1000 })),
    { affiliates, rule: `all, ${signals} signals in ${rows[0]?.cases} cases`, s: totalMs / 1000 },
    { affiliates, rule: `all again, nothing new; peak ${Math.round(peakMegabytes)} MB`, s: againMs / 1000 },
  ];
}

function shapeOf(affiliates: number): SignupShape {
  return {
    affiliates,
    referralsPerAffiliate: 10,
    clickDays: 30,
    clicksPerAffiliate: 10,
    commissionsPerAffiliate: 6,
    onePer: 500,
  };
}
