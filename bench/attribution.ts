import type pg from 'pg';
import { settle, type BenchDatabase, type BenchServer } from './harness/bench-server.js';
import { startContestant, withProcessorTime, type Contestant } from './harness/contestant.js';
import { hostToken, JWT_SECRET } from './harness/host-token.js';
import { sendLoad, type LoadResult } from './harness/load.js';
import { codesOf, seedCustomers } from './harness/seed-customers.js';
import type { Size } from './harness/size.js';
import { medianOf, medianRatio, spreadOf } from './harness/spread.js';
import type { Row } from './harness/table.js';

/** So many that no rule takes what an affiliate gets here for too much. */
const AFFILIATES = 10_000;
const CONNECTIONS = 64;
/** So many clicks for each signup: more signups would be more than a rule believes. */
const CLICKS_PER_SIGNUP = 5;
/** The first round is so many times as long: Node compiles what comes often, for thousands of requests. */
const WARM_UP = 4;
/** Before each measuring, too: whoever was not asked for some seconds is slower at first. */
const WARM_UP_SIGNUPS = 300;

const SERVERS = {
  Fairshare: { program: 'workers/serve.js', table: 'referrals', user: 'referred_user_id' },
  'tutorial build': { program: 'baselines/tutorial/server.mjs', table: '"Referral"', user: '"userId"' },
} as const;

type Round = Pick<LoadResult, 'p50Ms' | 'p99Ms'> & { perSecond: number; nodeMicros: number; postgresMicros: number };

/** `POST /v1/referrals` by a click, with all its rules and the trace that is kept, beside a build that keeps none. */
export function attribution(server: BenchServer, size: Size): Promise<Row[]> {
  const [rounds, signups] = { quick: [1, 100], usual: [7, 1_000], full: [9, 5_000] }[size] as [number, number];
  return server.withDatabase('attribution', async (database) => {
    await seedCustomers(database.admin, AFFILIATES, 1);
    await settle(database.admin);
    const results = new Map<string, Round[]>(Object.keys(SERVERS).map((who) => [who, []]));
    const running: Contestant[] = [];
    try {
      for (const { program } of Object.values(SERVERS)) {
        running.push(await startContestant(program, database, { TRUST_PROXY: '1', JWT_SECRET, ...UNLIMITED }));
      }
      for (let round = 0; round <= rounds; round++) {
        // Each round begins with the other one, so that neither always comes after what the first leaves PostgreSQL to clean up.
        const contestants = [...(Object.keys(SERVERS) as (keyof typeof SERVERS)[]).entries()];
        for (const [index, who] of round % 2 === 0 ? contestants : contestants.reverse()) {
          const contestant = running[index];
          if (!contestant) throw new Error(`${who} is not running`);
          const prefix = `${who === 'Fairshare' ? 'f' : 't'}-${round}`;
          const count = round === 0 ? WARM_UP * signups : signups;
          await playRound(database, contestant, { who, prefix: `${prefix}-warm`, signups: WARM_UP_SIGNUPS });
          const measured = await playRound(database, contestant, { who, prefix: `${prefix}-measured`, signups: count });
          if (round > 0) results.get(who)?.push(measured);
        }
        // By then autovacuum would have counted what was empty at the start, which nothing is in production.
        if (round === 0) await settle(database.admin);
      }
    } finally {
      await Promise.all(running.map((one) => one.stop()));
    }
    return [...results].map(([who, of]) => rowOf(who, of, results.get('tutorial build') ?? []));
  });
}

const UNLIMITED = { RATE_LIMIT_HOST: '100000000' };

async function playRound(
  { admin }: BenchDatabase,
  { port, pid }: Contestant,
  { who, prefix, signups }: { who: keyof typeof SERVERS; prefix: string; signups: number },
): Promise<Round> {
  const clickIds = await someClicks(port, signups);
  const plan = { kind: 'signups' as const, path: '/v1/referrals', token: hostToken(), clickIds, prefix };
  const load = await withProcessorTime(pid, admin, () => sendLoad({ port, connections: CONNECTIONS, plan }));
  if (load.statuses['201'] !== clickIds.length)
    throw new Error(`not all were credited: ${JSON.stringify(load.statuses)} ${load.firstError}`);
  await expectReferrals(admin, who, prefix, clickIds.length);
  return {
    perSecond: load.answered / load.seconds,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    nodeMicros: (load.nodeSeconds * 1e6) / load.answered,
    postgresMicros: (load.postgresSeconds * 1e6) / load.answered,
  };
}

/** Real clicks on the same server, as many as are needed. */
async function someClicks(port: number, signups: number): Promise<string[]> {
  const clickIds: string[] = [];
  const plan = { kind: 'clicks' as const, codes: codesOf(AFFILIATES), milliseconds: 500 };
  while (clickIds.length < signups * CLICKS_PER_SIGNUP) {
    clickIds.push(...(await sendLoad({ port, connections: CONNECTIONS, plan })).clickIds);
  }
  return clickIds.filter((_, n) => n % CLICKS_PER_SIGNUP === 0).slice(0, signups);
}

/** @throws Error unless each signup has one referral and, where one is kept, one trace. */
async function expectReferrals(
  admin: pg.Client,
  who: keyof typeof SERVERS,
  prefix: string,
  signups: number,
): Promise<void> {
  const { table, user } = SERVERS[who];
  const countIn = async (sql: string): Promise<number> =>
    Number((await admin.query<{ n: string }>(sql, [`${prefix}-%`])).rows[0]?.n);
  const referrals = await countIn(`SELECT count(*) AS n FROM ${table} WHERE ${user} LIKE $1`);
  const traces =
    who === 'Fairshare'
      ? await countIn('SELECT count(*) AS n FROM attribution_decisions WHERE referred_user_id LIKE $1 AND attributed')
      : signups;
  if (referrals !== signups || traces !== signups) {
    throw new Error(`${signups} signups were answered; ${referrals} referrals and ${traces} traces are stored`);
  }
}

function rowOf(who: string, rounds: Round[], tutorial: Round[]): Row {
  const median = (figure: keyof Round): number => medianOf(rounds.map((round) => round[figure]));
  const perSecond = (of: Round[]): number[] => of.map((round) => round.perSecond);
  return {
    who,
    'per s': median('perSecond'),
    'spread %': 100 * spreadOf(perSecond(rounds)),
    '÷ tutorial': medianRatio(perSecond(rounds), perSecond(tutorial)),
    'p50 ms': median('p50Ms'),
    'p99 ms': median('p99Ms'),
    'Node µs': median('nodeMicros'),
    'PostgreSQL µs': median('postgresMicros'),
  };
}
