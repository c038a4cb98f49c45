import type pg from 'pg';
import { startContestant, withProcessorTime, type Contestant } from './harness/contestant.js';
import { settle, type BenchDatabase, type BenchServer } from './harness/bench-server.js';
import { JWT_SECRET } from './harness/host-token.js';
import { sendLoad, type LoadResult } from './harness/load.js';
import { runWorker } from './harness/measured-process.js';
import { peakMegabytesOf, postgresProcessorSeconds } from './harness/processor-time.js';
import { codesOf, seedCustomers } from './harness/seed-customers.js';
import type { Size } from './harness/size.js';
import { medianOf, medianRatio, spreadOf } from './harness/spread.js';
import type { Row } from './harness/table.js';

const AFFILIATES = 1_000;
const CONNECTIONS = 64;
const SPREAD = codesOf(AFFILIATES);
const HOT = SPREAD.slice(0, 1);

/** Who answers `GET /r/CODE`, and where the clicks that it answered must be. */
const SERVERS = {
  'bare Fastify, nothing recorded': { program: 'baselines/bare-fastify.js', table: null, codes: SPREAD },
  'ceiling: bare multi-row insert': { program: 'baselines/multi-row-insert.js', table: 'plain_clicks', codes: SPREAD },
  'one INSERT per click': { program: 'baselines/one-insert.js', table: 'plain_clicks', codes: SPREAD },
  'tutorial build': { program: 'baselines/tutorial/server.mjs', table: '"Click"', codes: SPREAD },
  'tutorial build, one affiliate': { program: 'baselines/tutorial/server.mjs', table: '"Click"', codes: HOT },
  Fairshare: { program: 'workers/serve.js', table: 'clicks', codes: SPREAD },
  'Fairshare, one affiliate': { program: 'workers/serve.js', table: 'clicks', codes: HOT },
} as const;

/** Before each measuring, too: whoever was not asked for a quarter of a minute is slower at first. */
const WARM_UP_MS = 1_000;

const STATEMENT = 'the same statement, by prepared statements';
const KILLED = 'Fairshare, killed in mid-load';

interface Round {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  nodeMicros: number;
  postgresMicros: number;
  peakMegabytes: number;
}

/** Durable clicks a second, beside what the machine can do and what is usually built. */
export function clicks(server: BenchServer, size: Size): Promise<Row[]> {
  const [rounds, milliseconds, kills] = { quick: [1, 1_000, 1], usual: [7, 2_500, 5], full: [9, 5_000, 20] }[size] as [
    number,
    number,
    number,
  ];
  return server.withDatabase('clicks', async (database) => {
    await seedCustomers(database.admin, AFFILIATES, 1);
    await settle(database.admin);
    const running = await startAll(database);
    const results = new Map<string, Round[]>([...Object.keys(SERVERS), STATEMENT].map((name) => [name, []]));
    try {
      for (let round = 0; round <= rounds; round++) {
        // The first round warms up: its figures are thrown away, but what it answered must be stored, too.
        const measured = await playRound(database, running, {
          round,
          milliseconds: round === 0 ? 1_000 : milliseconds,
        });
        if (round > 0) for (const [name, one] of measured) results.set(name, [...(results.get(name) ?? []), one]);
      }
    } finally {
      await Promise.all([...running.values()].map((one) => one.stop()));
    }
    const rows = rowsOf(results);
    rows.push(await killInMidLoad(database, kills));
    return rows;
  });
}

/** One process serves both of what is the same program. */
async function startAll(database: BenchDatabase): Promise<Map<string, Contestant>> {
  const programs = [...new Set(Object.values(SERVERS).map(({ program }) => program))];
  const started = await Promise.all(
    programs.map(async (program) => [program, await startContestant(program, database, SERVER_ENV)] as const),
  );
  return new Map(started);
}

const SERVER_ENV = { TRUST_PROXY: '1', JWT_SECRET };

async function playRound(
  database: BenchDatabase,
  running: Map<string, Contestant>,
  { round, milliseconds }: { round: number; milliseconds: number },
): Promise<Map<string, Round>> {
  const results = new Map<string, Round>();
  // Each round begins with another one, so that none always comes after one that leaves PostgreSQL much to clean up.
  const servers = Object.entries(SERVERS);
  const first = round % servers.length;
  for (const [name, { program, table, codes }] of [...servers.slice(first), ...servers.slice(0, first)]) {
    const contestant = running.get(program);
    if (!contestant) throw new Error(`${program} is not running`);
    const { port, pid } = contestant;
    const send = (forMs: number): Promise<LoadResult> =>
      sendLoad({ port, connections: CONNECTIONS, plan: { kind: 'clicks', codes: [...codes], milliseconds: forMs } });
    const warmUp = await send(WARM_UP_MS);
    const load = await withProcessorTime(pid, database.admin, () => send(milliseconds));
    if (table !== null) for (const one of [warmUp, load]) await expectStoredOnce(database.admin, table, one);
    results.set(name, {
      perSecond: load.answered / load.seconds,
      p50Ms: load.p50Ms,
      p99Ms: load.p99Ms,
      nodeMicros: (load.nodeSeconds * 1e6) / load.answered,
      postgresMicros: (load.postgresSeconds * 1e6) / load.answered,
      peakMegabytes: peakMegabytesOf(pid),
    });
  }
  results.set(STATEMENT, await runStatements(database, milliseconds));
  return results;
}

async function runStatements(database: BenchDatabase, milliseconds: number): Promise<Round> {
  const before = await postgresProcessorSeconds(database.admin);
  const { perSecond, committed, peakMegabytes } = await runWorker<{ perSecond: number; committed: number }>(
    'run-statements',
    database,
    { args: ['click', String(milliseconds), String(AFFILIATES)] },
  );
  const postgresSeconds = (await postgresProcessorSeconds(database.admin)) - before;
  return {
    perSecond,
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    nodeMicros: Number.NaN,
    postgresMicros: (postgresSeconds * 1e6) / committed,
    peakMegabytes,
  };
}

/** @throws Error unless every click that was answered is in the table, once. */
async function expectStoredOnce(
  admin: pg.Client,
  table: string,
  { answered, statuses, clickIds }: LoadResult,
): Promise<void> {
  if (statuses['302'] !== answered || clickIds.length !== answered) {
    throw new Error(`${answered} were answered, ${clickIds.length} with a click: ${JSON.stringify(statuses)}`);
  }
  const missing = await countMissing(admin, table, clickIds);
  if (missing > 0) throw new Error(`${missing} of ${answered} answered clicks are not in ${table}`);
}

/** Ids are primary keys, so that none can be there twice; a visitor who got another's id would show here. */
async function countMissing(admin: pg.Client, table: string, clickIds: string[]): Promise<number> {
  if (new Set(clickIds).size !== clickIds.length) throw new Error('two visitors got the same click');
  const { rows } = await admin.query<{ stored: string }>(
    `SELECT count(*) AS stored FROM ${table} c JOIN unnest($1::text[]) AS answered (id) ON c.id = answered.id`,
    [clickIds],
  );
  return clickIds.length - Number(rows[0]?.stored);
}

/** `kill -9` while visitors are being answered, again and again; what was answered must be stored. */
async function killInMidLoad(database: BenchDatabase, kills: number): Promise<Row> {
  let answered = 0;
  let lost = 0;
  for (let kill = 0; kill < kills; kill++) {
    const contestant = await startContestant('workers/serve.js', database, SERVER_ENV);
    const plan = { kind: 'clicks' as const, codes: SPREAD, milliseconds: 60_000 };
    const load = sendLoad({ port: contestant.port, connections: CONNECTIONS, plan });
    await someClicksOf(database.admin);
    await contestant.kill();
    const { clickIds } = await load;
    answered += clickIds.length;
    lost += await countMissing(database.admin, 'clicks', clickIds);
  }
  return { who: KILLED, answered, lost };
}

/** Waits until a few thousand more clicks are stored: then the load is in full swing. */
async function someClicksOf(admin: pg.Client): Promise<void> {
  const count = async (): Promise<number> =>
    Number((await admin.query<{ n: string }>('SELECT coalesce(sum(clicks), 0) AS n FROM click_days_now')).rows[0]?.n);
  const before = await count();
  while ((await count()) < before + 2_000) await new Promise((resolve) => setTimeout(resolve, 20));
}

function rowsOf(results: Map<string, Round[]>): Row[] {
  const median = (name: string, figure: keyof Round): number =>
    medianOf((results.get(name) ?? []).map((round) => round[figure]));
  const perSecond = (name: keyof typeof SERVERS): number[] => (results.get(name) ?? []).map((round) => round.perSecond);
  const beside = (rounds: Round[], name: keyof typeof SERVERS): number =>
    medianRatio(
      rounds.map((round) => round.perSecond),
      perSecond(name),
    );
  return [...results].map(([who, rounds]) => ({
    who,
    'per s': median(who, 'perSecond'),
    'spread %': 100 * spreadOf(rounds.map(({ perSecond }) => perSecond)),
    '÷ ceiling': beside(rounds, 'ceiling: bare multi-row insert'),
    '÷ tutorial': beside(rounds, 'tutorial build'),
    '÷ Fairshare': beside(rounds, 'Fairshare'),
    'p50 ms': median(who, 'p50Ms'),
    'p99 ms': median(who, 'p99Ms'),
    'Node µs': median(who, 'nodeMicros'),
    'PostgreSQL µs': median(who, 'postgresMicros'),
    'peak MB': Math.max(...rounds.map(({ peakMegabytes }) => peakMegabytes)),
  }));
}
