import { mkdirSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { JournalSealer } from '../../src/commissions/ledger/journal-sealer.service.js';
import { Clock } from '../../src/common/clock.js';
import { DataGenerator } from '../../src/generate/data-generator.js';
import { FirstStaffUser } from '../../src/staff/first-staff-user.js';
import { startTestApp, type TestApp } from './app.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { findSamples, readsOfApi, readsOfPanel, type Read } from './every-read.js';
import { callAs } from './panel.js';
import { processEnv, startServerProcess, type ServerProcess } from './processes.js';
import { QueryPlans } from './query-plans.js';
import { createStaff } from './staff.js';
import { StatementTap } from './statement-tap.js';

const START_TIMEOUT_MS = 600_000;

/** How long each read took, where the tests leave what they have found. */
const TIMES_FILE = 'test-results/read-times.json';

/** The built server on generated data, with everything that it asks the database heard. */
export interface ReadServer {
  api: TestApp;
  tap: StatementTap;
  plans: QueryPlans;
  reads: Read[];
  send(read: Read): Promise<Response>;
  close(): Promise<void>;
}

/** Fills a database, has it analysed, and starts the built server with the panel on it. */
async function startReadServer(shape: { affiliates: number; sales: number; clicks: number }): Promise<ReadServer> {
  const database = await createTestDatabase();
  const api = await startTestApp({ databaseUrl: database.url, now: new Date(), background: false });
  await createStaff(api, 'admin', 'admin');
  await fill(api, shape);
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query('VACUUM ANALYZE');
  const samples = await findSamples(owner);
  const reads = [...readsOfApi(samples), ...(await readsOfPanel(owner))];
  await owner.end();
  const tap = await StatementTap.start(database.url);
  const server = await startServerProcess(
    processEnv({ ...database, url: tap.url }, api.stripe, {
      ADMIN_ENABLED: 'true',
      RATE_LIMIT_HOST: '100000',
      RATE_LIMIT_PUBLIC: '100000',
    }),
  );
  const { cookie } = await callAs(server.url, 'admin');
  const headers: Record<Read['as'], Record<string, string>> = {
    host: { authorization: `Bearer ${api.token('host')}` },
    affiliate: { authorization: `Bearer ${api.token('affiliate', samples.affiliateUserId)}` },
    staff: { cookie },
    nobody: {},
  };
  const plans = await QueryPlans.open(database.url);
  return {
    api,
    tap,
    plans,
    reads,
    send: ({ path, as }) => fetch(server.url + path, { headers: headers[as], redirect: 'manual' }),
    close: () => closeAll({ api, database, server, tap, plans }),
  };
}

async function fill(
  api: TestApp,
  { affiliates, sales, clicks }: { affiliates: number; sales: number; clicks: number },
): Promise<void> {
  const { app, config, database } = api;
  const generator = new DataGenerator(
    app.get(Clock),
    config,
    database,
    app.get(FirstStaffUser),
    app.get(JournalSealer),
  );
  const currencies = [
    { weight: 4, value: 'usd' },
    { weight: 1, value: 'eur' },
  ];
  const options = { affiliates, months: 12, salesPerAffiliate: sales, clicksPerAffiliate: clicks, currencies, seed: 3 };
  await generator.generate(options, { anyway: false, onProgress: () => undefined });
}

async function closeAll(parts: {
  api: TestApp;
  database: TestDatabase;
  server: ServerProcess;
  tap: StatementTap;
  plans: QueryPlans;
}): Promise<void> {
  await parts.server.end();
  await parts.plans.close();
  await parts.tap.close();
  await parts.api.close();
  await parts.database.drop();
}

/**
 * Declares the tests that no read of the service, of the API or of the panel, reads a growing table as a whole: on data of
 * this shape, which a server with everything in it is asked about.
 */
export function itReadsNoGrowingTableAsAWhole(shape: { affiliates: number; sales: number; clicks: number }): void {
  let server: ReadServer;
  const times: { read: string; ms: number; status: number }[] = [];

  beforeAll(async () => {
    server = await startReadServer(shape);
  }, START_TIMEOUT_MS);
  afterAll(() => server.close());

  it(
    'reads no growing table as a whole, whatever list, filter or page is asked for',
    async () => {
      const { tap, plans, reads } = server;
      /** What was found, with the first read that asked for it. */
      const breaches = new Map<string, string>();
      const judged = new Set<string>();
      tap.take();
      for (const read of reads) {
        const beganAt = performance.now();
        const response = await server.send(read);
        await response.arrayBuffer();
        times.push({ read: read.path, ms: performance.now() - beganAt, status: response.status });
        const fresh = tap.take().filter((statement) => {
          const key = JSON.stringify(statement);
          return !judged.has(key) && judged.add(key);
        });
        for (const breach of await plans.breaches(fresh)) breaches.set(breach, breaches.get(breach) ?? read.path);
      }
      mkdirSync('test-results', { recursive: true });
      writeFileSync(
        TIMES_FILE,
        JSON.stringify(
          times.sort((a, b) => b.ms - a.ms),
          null,
          1,
        ),
      );
      expect(Object.fromEntries(breaches)).toEqual({});
      expect(judged.size).toBeGreaterThan(reads.length / 2);
    },
    START_TIMEOUT_MS,
  );

  it('was answered each of them', () => {
    const refused = times.filter(({ status }) => status !== 200 && status !== 302 && status !== 404);
    expect(refused).toEqual([]);
    const found = times.filter(({ status }) => status === 200);
    expect(found.length).toBeGreaterThan(times.length * 0.9);
  });
}
