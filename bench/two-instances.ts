import type pg from 'pg';
import { settle, type BenchDatabase, type BenchServer } from './harness/bench-server.js';
import { startContestant, type Contestant } from './harness/contestant.js';
import { prepareLoad, sendLoad, type LoadResult } from './harness/load.js';
import { codesOf, seedCustomers } from './harness/seed-customers.js';
import type { Size } from './harness/size.js';
import { medianOf, medianRatio, spreadOf } from './harness/spread.js';
import type { Row } from './harness/table.js';

const AFFILIATES = 1_000;
const CONNECTIONS = 64;
const CODES = codesOf(AFFILIATES);
const ENV = { TRUST_PROXY: '1' };

/** Before each measuring, as in the other bench of clicks. */
const WARM_UP_MS = 1_000;

/** Clicks of two servers on one PostgreSQL beside those of one; then one of the two is killed in mid-load. */
export function twoInstances(server: BenchServer, size: Size): Promise<Row[]> {
  const [rounds, milliseconds] = { quick: [1, 1_000], usual: [9, 2_500], full: [9, 5_000] }[size] as [number, number];
  return server.withDatabase('instances', async (database) => {
    await seedCustomers(database.admin, AFFILIATES, 1);
    await settle(database.admin);
    const [first, second] = await Promise.all([
      startContestant('workers/serve.js', database, ENV),
      startContestant('workers/serve.js', database, ENV),
    ]);
    try {
      const contestants = [
        { instances: 'one', servers: [first], perSecond: [] as number[] },
        { instances: 'two', servers: [first, second], perSecond: [] as number[] },
      ];
      for (let round = 0; round <= rounds; round++) {
        // Each round begins with the other one, so that neither always comes after what leaves PostgreSQL more to clean up.
        for (const { servers, perSecond } of round % 2 === 0 ? contestants : contestants.toReversed()) {
          await clicksOf(database, servers, WARM_UP_MS);
          const rate = await clicksOf(database, servers, milliseconds);
          // The first round only warms up.
          if (round > 0) perSecond.push(rate);
        }
      }
      const ofOne = contestants[0]?.perSecond ?? [];
      const lost = await killOne(database, first, second);
      return [
        ...contestants.map(({ instances, perSecond }) => ({
          instances,
          'per s': medianOf(perSecond),
          'spread %': 100 * spreadOf(perSecond),
          '÷ one': medianRatio(perSecond, ofOne),
        })),
        { instances: 'two, one of them killed', ...lost },
      ];
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });
}

/** The same number of connections in all, however many servers they are shared by. */
async function clicksOf({ admin }: BenchDatabase, servers: Contestant[], milliseconds: number): Promise<number> {
  const prepared = await Promise.all(
    servers.map(({ port }) =>
      prepareLoad({
        port,
        connections: CONNECTIONS / servers.length,
        plan: { kind: 'clicks', codes: CODES, milliseconds },
      }),
    ),
  );
  // At the same moment: neither has the machine for itself while the other's load is still being made.
  const loads = await Promise.all(prepared.map((load) => load.run()));
  const missing = await countMissing(admin, loads);
  if (missing > 0) throw new Error(`${missing} answered clicks are not stored`);
  return loads.reduce((sum, { answered, seconds }) => sum + answered / seconds, 0);
}

async function killOne(
  { admin }: BenchDatabase,
  victim: Contestant,
  survivor: Contestant,
): Promise<{ answered: number; lost: number }> {
  const loads = [victim, survivor].map(({ port }) =>
    sendLoad({ port, connections: CONNECTIONS / 2, plan: { kind: 'clicks', codes: CODES, milliseconds: 3_000 } }),
  );
  const stored = async (): Promise<number> =>
    Number((await admin.query<{ n: string }>('SELECT sum(clicks) AS n FROM click_days_now')).rows[0]?.n);
  const before = await stored();
  while ((await stored()) < before + 1_000) await new Promise((resolve) => setTimeout(resolve, 20));
  await victim.kill();
  const results = await Promise.all(loads);
  const answered = results.reduce((sum, { clickIds }) => sum + clickIds.length, 0);
  return { answered, lost: await countMissing(admin, results) };
}

async function countMissing(admin: pg.Client, loads: LoadResult[]): Promise<number> {
  const clickIds = loads.flatMap((load) => load.clickIds);
  const { rows } = await admin.query<{ stored: string }>(
    'SELECT count(*) AS stored FROM clicks c JOIN unnest($1::text[]) AS answered (id) ON c.id = answered.id',
    [clickIds],
  );
  return clickIds.length - Number(rows[0]?.stored);
}
