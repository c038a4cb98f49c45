import { setTimeout as pause } from 'node:timers/promises';
import { startTestApp, type TestApp } from '../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../setup/database.js';
import { startPgBouncer, withoutPgBouncer, type PgBouncer } from '../setup/pgbouncer.js';
import { processEnv, runCommandProcess, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { Traffic } from '../setup/traffic.js';
import { expectEverythingTold, expectNothingLost } from '../setup/traffic-books.js';
import { startReceiver, type WebhookReceiver } from '../setup/webhook-receiver.js';
import { createAffiliate } from '../integration/referrals/visits.js';

/** `STRESS_SECONDS=30 npm run test:stress -- stress/pooler` for a shorter one. */
const SECONDS = Number(process.env['STRESS_SECONDS'] ?? 120);
const BLOW_EVERY_MS = 10_000;
const AWAY_MS = 3_000;
const AFFILIATES = 50;
/** As docs/operations/database.md advises. */
const SERVER_CONNECTIONS = 40;
const SETTLED_WITHIN_MS = 300_000;

if (withoutPgBouncer) console.warn(`not tried through PgBouncer: ${withoutPgBouncer}`);

/** Whoever restarts PgBouncer or PostgreSQL in the middle of a day, again and again. */
(withoutPgBouncer ? describe.skip : describe)(
  'two instances under load through PgBouncer, which breaks off every ten seconds',
  () => {
    let database: TestDatabase;
    let pooler: PgBouncer;
    /** Looks on, past the pooler. */
    let api: TestApp;
    let receiver: WebhookReceiver;
    let env: NodeJS.ProcessEnv;
    let servers: ServerProcess[] = [];
    let traffic: Traffic;

    beforeAll(async () => {
      database = await createTestDatabase();
      pooler = await startPgBouncer(database, SERVER_CONNECTIONS);
      api = await startTestApp({ databaseUrl: database.url, now: new Date(), background: false });
      receiver = await startReceiver();
      await api.request('POST', '/v1/webhook-endpoints', { body: { url: receiver.url } });
      env = processEnv({ url: pooler.url, ownerUrl: database.ownerUrl }, api.stripe, { RATE_LIMIT_HOST: '1000000' });
      servers = await Promise.all([startServerProcess(env), startServerProcess(env)]);
    });
    afterAll(async () => {
      await traffic.stop();
      await Promise.all(servers.map((server) => server.end('SIGKILL')));
      await receiver.close();
      await api.close();
      await pooler.close();
      await database.drop();
    });

    /** Those of the instances and of who looks on. */
    const killConnections = async (): Promise<void> => {
      await api.database.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()`,
      );
    };
    const blows: (() => Promise<void>)[] = [
      killConnections,
      async () => {
        await pooler.crash();
        await pause(AWAY_MS);
        await pooler.start();
      },
      async () => {
        await pooler.crash();
        await pooler.start();
      },
    ];

    it(`loses nothing that was acknowledged in ${SECONDS} s`, async () => {
      const affiliates = await Promise.all(Array.from({ length: AFFILIATES }, () => createAffiliate(api)));
      const urls = servers.map(({ url }) => url);
      traffic = new Traffic({
        urls: () => urls,
        codes: affiliates.map(({ code }) => code),
        visitors: 8,
        customers: 64,
        pauseMs: 5,
      });
      const endsAtMs = performance.now() + SECONDS * 1_000;
      for (let blow = 0; performance.now() + BLOW_EVERY_MS < endsAtMs; blow++) {
        await pause(BLOW_EVERY_MS);
        await blows[blow % blows.length]?.();
      }
      await pause(Math.max(0, endsAtMs - performance.now()));
      await traffic.stop();
      const tally = Object.fromEntries([...traffic.tally].sort());
      const { clickIds, customers, invoices } = traffic;
      const acknowledged = { clicks: clickIds.length, signups: customers.length, invoices: invoices.size };
      process.stderr.write(`${JSON.stringify({ seconds: SECONDS, acknowledged, tally })}\n`);

      await expectNothingLost(api, traffic, SETTLED_WITHIN_MS);
      await expectEverythingTold(api, receiver, SETTLED_WITHIN_MS);
      expect(await Promise.all(servers.map((server) => server.end()))).toEqual([0, 0]);
      const logs = servers.map(({ process }) => process.output()).join('\n');
      expect(logs.match(/prepared statement.*/g)).toBeNull();
      expect(await runCommandProcess('ledger-verify', [], env)).toMatchObject({ exitCode: 0 });
    });
  },
);
