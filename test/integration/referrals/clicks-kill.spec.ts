import { countClicks } from '../../../src/referrals/clicks/count-clicks.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';
import { processEnv, startServerProcess } from '../../setup/processes.js';
import { BROWSER, createAffiliate } from './visits.js';

const VISITORS = 64;

/** The built server as a process, killed while visitors stream in. */
describe('clicks that were answered, and then kill -9', () => {
  let database: TestDatabase;
  let api: TestApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startTestApp({ databaseUrl: database.url, now: new Date() });
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  it.each([1, 2, 3])('are all stored and counted (round %i)', async (round) => {
    const affiliates = await Promise.all(Array.from({ length: 10 }, () => createAffiliate(api)));
    const server = await startServerProcess(processEnv(database, api.stripe));
    const answered: string[] = [];
    const visitors = Array.from({ length: VISITORS }, async (_, visitor) => {
      for (let visit = 0; ; visit++) {
        const { code } = affiliates[(visitor + visit) % affiliates.length] ?? { code: '' };
        const clickId = await clickIdOf(`${server.url}/r/${code}`, `${BROWSER} ${visitor % 40}`).catch(() => null);
        if (clickId === null) return;
        answered.push(clickId);
      }
    });
    // Early in one round, later in another: always in the middle of a stream.
    await eventually(async () => expect(await Promise.resolve(answered.length)).toBeGreaterThan(VISITORS * 3 * round));
    await server.end('SIGKILL');
    await Promise.all(visitors);

    const stored = await api.database.prisma.click.count({ where: { id: { in: answered } } });
    expect(stored).toBe(answered.length);
    // What the dead process has left to be counted.
    await countClicks(api.database.prisma);
    for (const { id } of affiliates) {
      const { rows } = await api.database.pool.query(
        `SELECT (SELECT count(*)::int FROM clicks WHERE affiliate_id = $1) = sum(clicks) AS "clicksCounted",
                (SELECT count(DISTINCT (ip_hash, user_agent, (occurred_at AT TIME ZONE 'UTC')::date))::int FROM clicks WHERE affiliate_id = $1) = sum(unique_clicks) AS "visitorsCounted"
         FROM click_days WHERE affiliate_id = $1`,
        [id],
      );
      expect(rows).toEqual([{ clicksCounted: true, visitorsCounted: true }]);
    }
  });
});

/** Null when the server answered without a click; throws when it did not answer. */
async function clickIdOf(url: string, userAgent: string): Promise<string | null> {
  const { headers } = await fetch(url, { redirect: 'manual', headers: { 'user-agent': userAgent } });
  return new URL(headers.get('location') ?? 'about:blank').searchParams.get('click_id');
}
