import { signatureOf } from '../../src/stripe/emulator/index.js';
import { startTestApp, WEBHOOK_SECRET, type TestApp } from '../setup/app.js';
import { startCrashableServer, type CrashableServer } from '../setup/crashable-server.js';
import type { TestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { processEnv, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { Traffic } from '../setup/traffic.js';
import { expectEverythingTold, expectNothingLost } from '../setup/traffic-books.js';
import { startReceiver, type WebhookReceiver } from '../setup/webhook-receiver.js';
import { eventOf } from '../setup/webhooks.js';
import { createAffiliate } from '../integration/referrals/visits.js';

const JSON_BODY = { 'content-type': 'application/json' };

/** The built server as a process, on a PostgreSQL of its own that is stopped and started while everybody goes on. */
describe('75 · a database that is gone', () => {
  let postgres: CrashableServer;
  let database: TestDatabase;
  /** Looks on. */
  let api: TestApp;
  let receiver: WebhookReceiver;
  let server: ServerProcess;
  let codes: string[];
  let traffic: Traffic;

  beforeAll(async () => {
    postgres = await startCrashableServer();
    database = await postgres.createDatabase();
    api = await startTestApp({ databaseUrl: database.url, now: new Date(), background: false });
    receiver = await startReceiver();
    await api.request('POST', '/v1/webhook-endpoints', { body: { url: receiver.url } });
    codes = await Promise.all(Array.from({ length: 3 }, async () => (await createAffiliate(api)).code));
    server = await startServerProcess(processEnv(database, api.stripe, { RATE_LIMIT_HOST: '1000000' }));
  });
  afterAll(async () => {
    await traffic.stop();
    await server.end('SIGKILL');
    await receiver.close();
    await api.close();
    await postgres.close();
  });

  it('is answered 503 with Retry-After, visitors are sent on, and all recovers by itself with nothing lost', async () => {
    traffic = new Traffic({ urls: () => [server.url], codes, visitors: 4, customers: 4, pauseMs: 5 });
    let unseen = 0;
    for (const away of [() => postgres.stop(), () => postgres.crash()]) {
      await expectProgress();
      await away();
      await expectRefusals();
      const { headers } = await fetch(`${server.url}/r/NEVER-SEEN?to=/pricing`, { redirect: 'manual' });
      expect(headers.get('location')).toBe('https://app.example.com/pricing?ref=NEVER-SEEN');
      unseen += 1;
      await postgres.start();
      await expectProgress();
    }
    await traffic.stop();

    // Redirects alone know of what was not recorded.
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain(`\nfairshare_clicks_lost_total ${traffic.count('visit not recorded') + unseen}\n`);
    expect(traffic.count('visit broken')).toBe(0);
    await expectNothingLost(api, traffic);
    // The outbox is read on, and so are changes of codes.
    await expectEverythingTold(api, receiver);
    await eventually(async () =>
      expect(
        (await api.database.pool.query("SELECT 1 FROM pg_stat_activity WHERE query = 'LISTEN affiliate_code_changed'"))
          .rowCount,
      ).toBe(2),
    );

    // Told to end while it is away again, it does so in good order; with 1 it would have been cut off.
    await postgres.stop();
    expect(await server.end()).toBe(0);
    await postgres.start();
  });

  /** Says at once what a server said that did not survive. */
  function withServer<T>(assertion: () => Promise<T>): Promise<T> {
    return eventually(async () => {
      if (server.process.isRunning()) return assertion();
      throw new Error(`the server ended:\n${server.process.output().slice(-3000)}`);
    });
  }

  /** Each kind of traffic goes on: what was not there is tried again, what is new is taken. */
  async function expectProgress(): Promise<void> {
    const amounts = (): number[] => [traffic.clickIds.length, traffic.customers.length, traffic.invoices.size];
    const before = amounts();
    await withServer(async () => expect(amounts().every((amount, i) => amount >= (before[i] ?? 0) + 10)).toBe(true));
    await withServer(async () => expect((await fetch(`${server.url}/health/ready`)).status).toBe(200));
  }

  /** Everybody meets the outage; the process itself stays well. */
  async function expectRefusals(): Promise<void> {
    // Customers stay with what is refused, so all of them may be at their signups, or all at their payments.
    const counts = (): number[] => [
      traffic.count('visit not recorded'),
      traffic.count('signup 503') + traffic.count('webhook 503'),
    ];
    const before = counts();
    await withServer(async () => expect(counts().every((count, i) => count >= (before[i] ?? 0) + 3)).toBe(true));
    const event = JSON.stringify(eventOf(traffic, 'customer.created', { id: 'cus_1' }));
    const signature = signatureOf(event, WEBHOOK_SECRET, traffic.clock.now());
    const asked: [path: string, init: RequestInit][] = [
      ['/health/ready', {}],
      ['/v1/plans', { headers: { authorization: `Bearer ${api.token()}` } }],
      ['/stripe/webhooks', { method: 'POST', body: event, headers: { ...JSON_BODY, 'stripe-signature': signature } }],
    ];
    for (const [path, init] of asked) {
      const answer = await fetch(server.url + path, init);
      expect([path, answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([path, 503, true]);
    }
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
  }
});
