import pg from 'pg';
import { Database } from '../../src/database/database.js';
import { applyMigrations } from '../../src/database/migrations.js';
import { isBehindPooler } from '../../src/database/pooler.js';
import { runAlone } from '../../src/database/run-alone.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals, onboard, subscribe } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { startPgBouncer, withoutPgBouncer, type PgBouncer } from '../setup/pgbouncer.js';
import { processEnv, runCommandProcess, startServerProcess, type ServerProcess } from '../setup/processes.js';

/** Fewer than the connections that the servers open, so that each transaction may get another one than the last. */
const SERVER_CONNECTIONS = 10;
/** Not so many that a fraud rule holds the money. */
const PEOPLE = Array.from({ length: 8 }, (_, n) => `buyer-${n}`);

if (withoutPgBouncer) console.warn(`not tried through PgBouncer: ${withoutPgBouncer}`);

/** Real servers and commands through PgBouncer in transaction mode. The test's own app only looks on, past it. */
(withoutPgBouncer ? describe.skip : describe)('everything works through PgBouncer in transaction mode', () => {
  let database: TestDatabase;
  let pooler: PgBouncer;
  let api: TestApp;
  let env: NodeJS.ProcessEnv;
  let servers: ServerProcess[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    pooler = await startPgBouncer(database, SERVER_CONNECTIONS);
    api = await startTestApp({ databaseUrl: database.url, now: new Date() });
    env = processEnv({ url: pooler.url, ownerUrl: database.ownerUrl }, api.stripe);
  });
  afterAll(async () => {
    // Those that a failure left running.
    await Promise.all(servers.map((server) => server.end('SIGKILL')));
    await expectSoundLedger(api);
    await api.close();
    await pooler.close();
    await database.drop();
  });

  it('two servers record clicks, events and signups, and know at once that a code is not active any more', async () => {
    const affiliate = await affiliateWithReferrals(api, 'Pool', PEOPLE);
    servers = await Promise.all([startServerProcess(env), startServerProcess(env)]);
    const visit = async (n: number): Promise<string> => {
      const { url } = servers[n % 2] as ServerProcess;
      const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140 Safari/537.36' };
      const answer = await fetch(`${url}/r/${affiliate.code}`, { redirect: 'manual', headers });
      return new URL(answer.headers.get('location') ?? '').searchParams.get('click_id') ?? 'none';
    };
    const clicks: string[] = [];
    for (let round = 0; round < 20; round++) {
      clicks.push(...(await Promise.all(Array.from({ length: 10 }, (_, n) => visit(n)))));
    }
    const stored = await api.database.prisma.$queryRaw<{ id: string }[]>`SELECT id FROM clicks`;
    expect(stored.map(({ id }) => id).sort()).toEqual(clicks.sort());

    for (const { url } of servers) {
      api.stripe.addWebhookEndpoint({ url: `${url}/stripe/webhooks`, secret: env['STRIPE_WEBHOOK_SECRETS'] ?? '' });
    }
    await Promise.all(PEOPLE.map((userId) => subscribe(api, { userId, unitAmountMinor: 10_000 })));
    await api.settle();
    expect(await api.database.prisma.commission.count()).toBe(PEOPLE.length);

    await onboard(api, affiliate.id);
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { status: 'suspended' } });
    // Half of a minute is less than what a code is remembered for where changes are believed to be heard of.
    await eventually(async () => expect(await Promise.all([visit(0), visit(1)])).toEqual(['none', 'none']), 30_000);
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { status: 'active' } });
    expect(await Promise.all(servers.map((server) => server.end()))).toEqual([0, 0]);
    const logs = servers.map(({ process }) => process.output()).join('\n');
    expect(logs.match(/prepared statement|"level":[56]0.*/g)).toBeNull();
  });

  it('two payout commands at once pay once, and the ledger is proven', async () => {
    const asOf = new Date(Date.now() + 1000).toISOString();
    const args = ['--period', asOf.slice(0, 7), '--as-of', asOf];
    const results = await Promise.all([
      runCommandProcess('payouts', args, env),
      runCommandProcess('payouts', args, env),
    ]);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const paid = await api.database.prisma.payout.findMany({ select: { status: true, amountMinor: true } });
    expect(paid).toEqual([{ status: 'paid', amountMinor: 2000n * BigInt(PEOPLE.length) }]);
    expect(await runCommandProcess('ledger-verify', [], env)).toMatchObject({ exitCode: 0 });
    expect(await runCommandProcess('reconcile', [], env)).toMatchObject({ exitCode: 0 });
  });

  it('what runs alone runs in one process at a time, and can be run again afterwards', async () => {
    const instances = Array.from({ length: 4 }, () => new Database(pooler.url));
    let running = 0;
    let runs = 0;
    const work = async (database: Database): Promise<void> => {
      expect(++running).toBe(1);
      await database.pool.query('SELECT pg_sleep(0.01)');
      running--;
      runs++;
    };
    for (let round = 0; round < 20; round++) {
      const before = runs;
      await Promise.all(instances.map((instance) => runAlone(instance, 'one of four', () => work(instance))));
      expect(runs).toBeGreaterThan(before);
    }
    await Promise.all(instances.map((instance) => instance.onApplicationShutdown()));
  });

  it('a command leaves servers the time limit of their statements', async () => {
    const server = new Database(pooler.url, undefined, 35_000);
    const limit = async (): Promise<unknown> => (await server.pool.query('SHOW statement_timeout')).rows;
    expect(await limit()).toEqual([{ statement_timeout: '35s' }]);
    const command = new Database(pooler.url);
    // PgBouncer hands out the server process that was used last.
    await command.pool.query('SELECT 1');
    expect(await limit()).toEqual([{ statement_timeout: '35s' }]);
    await Promise.all([server, command].map((instance) => instance.onApplicationShutdown()));
  });

  it('migrations ask for a way past it', async () => {
    const client = new pg.Client({ connectionString: pooler.url });
    await client.connect();
    const found = await isBehindPooler(client);
    await client.end();
    expect(found).toBe(true);
    await expect(applyMigrations({ url: pooler.url })).rejects.toThrow('let MIGRATION_DATABASE_URL lead to PostgreSQL');
  });
});
