import { mkdirSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { JournalSealer } from '../../src/commissions/ledger/journal-sealer.service.js';
import { Clock } from '../../src/common/clock.js';
import { FraudEvaluation } from '../../src/fraud/fraud-evaluation.service.js';
import { DataGenerator } from '../../src/generate/data-generator.js';
import { FirstStaffUser } from '../../src/staff/first-staff-user.js';
import { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { startTestApp, WEBHOOK_SECRET, type TestApp } from './app.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { findSamples, readsOfApi, readsOfPanel, type Read, type Samples } from './every-read.js';
import { actAsStaff, erasePeople, resendDeliveries, usePromotionCodes } from './every-act.js';
import { sendWrites, tellStripesNews } from './every-write.js';
import { callAs } from './panel.js';
import { processEnv, startServerProcess, type ServerProcess } from './processes.js';
import { QueryPlans } from './query-plans.js';
import { addRowsOfUse } from './rows-of-use.js';
import { createStaff } from './staff.js';
import { StatementTap } from './statement-tap.js';

const START_TIMEOUT_MS = 600_000;

/** How long each read took, where the tests leave what they have found. */
const TIMES_FILE = 'test-results/read-times.json';

/** The built server on generated data, with everything that it asks the database heard. */
export interface ReadServer {
  api: TestApp;
  url: string;
  tap: StatementTap;
  plans: QueryPlans;
  samples: Samples;
  reads: Read[];
  send(read: Read): Promise<Response>;
  close(): Promise<void>;
}

/** Fills a database, has it analysed, and starts the built server with the panel on it. */
async function startReadServer(shape: { affiliates: number; sales: number; clicks: number }): Promise<ReadServer> {
  const database = await createTestDatabase();
  const stripe = await StripeEmulator.start({ now: () => new Date() });
  const api = await startTestApp({
    databaseUrl: database.url,
    now: new Date(),
    background: false,
    env: { PAYOUT_APPROVAL: 'manual' },
    stripe,
  });
  await createStaff(api, 'admin');
  await createStaff(api, 'second');
  await fill(api, shape);
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await addRowsOfUse(owner);
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
  // What happens at Stripe is told to the server that is heard, and to nobody else.
  stripe.addWebhookEndpoint({ url: `${server.url}/stripe/webhooks`, secret: WEBHOOK_SECRET });
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
    url: server.url,
    tap,
    plans,
    samples,
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
  // Else the server would begin with it, and statistics would know nothing of what it finds.
  await app.get(FraudEvaluation).evaluateAll();
  await database.prisma.fraudEvaluation.create({ data: { id: 1, completedAt: app.get(Clock).now() } });
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
  await parts.api.stripe.settle();
  await parts.api.close();
  await parts.api.stripe.close();
  await parts.database.drop();
}

/**
 * Declares the tests that no request, of the API, of the panel or of Stripe, reads a growing table as a whole: on data of this
 * shape, which a server with everything in it is asked about.
 */
export function itReadsNoGrowingTableAsAWhole(shape: { affiliates: number; sales: number; clicks: number }): void {
  let server: ReadServer;
  const times: { read: string; ms: number; status: number }[] = [];
  const judged = new Set<string>();

  beforeAll(async () => {
    server = await startReadServer(shape);
    server.tap.take();
  }, START_TIMEOUT_MS);
  afterAll(() => server.close());

  /**
   * What is wrong with the statements that were heard since the last time, but for those that were looked at. The server's jobs
   * go on meanwhile; those that go through everything say so.
   */
  function breachesSoFar(): Promise<string[]> {
    const fresh = server.tap.take().filter((statement) => {
      if (statement.takesItsTime) return false;
      const key = JSON.stringify(statement);
      return !judged.has(key) && judged.add(key);
    });
    return server.plans.breaches(fresh);
  }

  async function ask(read: Read): Promise<string> {
    const beganAt = performance.now();
    const response = await server.send(read);
    const text = await response.text();
    times.push({ read: read.path, ms: performance.now() - beganAt, status: response.status });
    return text;
  }

  it(
    'reads no growing table as a whole, whatever list, filter or page is asked for',
    async () => {
      /** What was found, with the first read that asked for it. */
      const breaches = new Map<string, string>();
      const keep = (found: string[], { path }: Read): void => {
        for (const breach of found) breaches.set(breach, breaches.get(breach) ?? path);
      };
      for (const read of server.reads) {
        const next = nextPageOf(read, await ask(read));
        keep(await breachesSoFar(), read);
        if (!next) continue;
        await ask(next);
        keep(await breachesSoFar(), next);
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
      expect(judged.size).toBeGreaterThan(server.reads.length / 2);
    },
    START_TIMEOUT_MS,
  );

  it('was answered each of them', () => {
    const refused = times.filter(({ status }) => status !== 200 && status !== 302 && status !== 404);
    expect(refused).toEqual([]);
    const found = times.filter(({ status }) => status === 200);
    expect(found.length).toBeGreaterThan(times.length * 0.9);
  });

  it(
    'reads none as a whole to write, whatever a host, an affiliate or Stripe sends',
    async () => {
      const { url, api, samples } = server;
      await sendWrites({ api, url, samples });
      await tellStripesNews({ api, url, samples });
      expect(await breachesSoFar()).toEqual([]);
    },
    START_TIMEOUT_MS,
  );

  it.each([
    ['whatever staff do in the panel', actAsStaff],
    ['to give, redeem and take away a promotion code', usePromotionCodes],
    ['to send again what a host was told', resendDeliveries],
    ['to forget somebody', erasePeople],
  ])(
    'reads none as a whole, %s',
    async (_what, act) => {
      await act(server);
      expect(await breachesSoFar()).toEqual([]);
    },
    START_TIMEOUT_MS,
  );
}

/** The same by the cursor that the answer gives, where it is a page of a list with more behind it. */
function nextPageOf(read: Read, answer: string): Read | null {
  const cursor = /"nextCursor":"([^"]+)"/.exec(answer)?.[1];
  if (cursor === undefined) return null;
  // The feed of events names it by what a reader has seen last.
  const name = read.path.startsWith('/v1/events') ? 'after' : 'cursor';
  return { ...read, path: `${read.path}${read.path.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(cursor)}` };
}
