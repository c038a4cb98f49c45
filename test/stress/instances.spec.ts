import { setTimeout as pause } from 'node:timers/promises';
import { startTestApp, type TestApp } from '../setup/app.js';
import { startCrashableServer, type CrashableServer } from '../setup/crashable-server.js';
import type { TestDatabase } from '../setup/database.js';
import { freePort } from '../setup/free-port.js';
import { processEnv, runCommandProcess, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { Traffic } from '../setup/traffic.js';
import { expectNothingLost, expectEverythingTold } from '../setup/traffic-books.js';
import { startReceiver, type WebhookReceiver } from '../setup/webhook-receiver.js';
import { createAffiliate } from '../integration/referrals/visits.js';

/** `STRESS_SECONDS=60 npm run test:stress -- instances` for a shorter one. */
const SECONDS = Number(process.env['STRESS_SECONDS'] ?? 300);
const KILL_EVERY_MS = 20_000;
const AFFILIATES = 50;
/** What a killed instance had taken on is taken on by another after a while, see JobQueue and CLAIM_SECONDS. */
const SETTLED_WITHIN_MS = 300_000;

/** The product on one PostgreSQL as it is run for a large installation, with the worst luck that the operator can have. */
describe('two instances under load, of which one is killed every twenty seconds and the database crashes once', () => {
  let postgres: CrashableServer;
  let database: TestDatabase;
  /** Looks on. */
  let api: TestApp;
  let receiver: WebhookReceiver;
  let env: NodeJS.ProcessEnv;
  let instances: Instance[];
  let traffic: Traffic;

  beforeAll(async () => {
    postgres = await startCrashableServer();
    database = await postgres.createDatabase();
    api = await startTestApp({ databaseUrl: database.url, now: new Date(), background: false });
    receiver = await startReceiver();
    await api.request('POST', '/v1/webhook-endpoints', { body: { url: receiver.url } });
    env = processEnv(database, api.stripe, { RATE_LIMIT_HOST: '1000000' });
    instances = await Promise.all([Instance.start(env), Instance.start(env)]);
  });
  afterAll(async () => {
    await traffic.stop();
    await Promise.all(instances.map((instance) => instance.end('SIGKILL')));
    await receiver.close();
    await api.close();
    await postgres.close();
  });

  it(`loses nothing that was acknowledged in ${SECONDS} s`, async () => {
    const codes = await Promise.all(Array.from({ length: AFFILIATES }, async () => (await createAffiliate(api)).code));
    const urls = instances.map(({ url }) => url);
    const startedAtMs = performance.now();
    const elapsedMs = (): number => performance.now() - startedAtMs;
    traffic = new Traffic({ urls: () => urls, codes, visitors: 16, customers: 24, pauseMs: 5 });

    const crash = (async () => {
      // Between two kills, so that it meets both instances at work.
      await pause((Math.floor((SECONDS * 1_000) / 2 / KILL_EVERY_MS) + 0.5) * KILL_EVERY_MS);
      await postgres.crash();
      await pause(3_000);
      await postgres.start();
    })();
    let kills = 0;
    while (elapsedMs() + KILL_EVERY_MS < SECONDS * 1_000) {
      await pause(KILL_EVERY_MS - (elapsedMs() % KILL_EVERY_MS));
      await instances[kills % instances.length]?.kill();
      kills += 1;
    }
    await pause(Math.max(0, SECONDS * 1_000 - elapsedMs()));
    await crash;
    await traffic.stop();
    const tally = Object.fromEntries([...traffic.tally].sort());
    const { clickIds, customers, invoices } = traffic;
    const acknowledged = { clicks: clickIds.length, signups: customers.length, invoices: invoices.size };
    process.stderr.write(`${JSON.stringify({ seconds: SECONDS, kills, acknowledged, tally })}\n`);

    await expectNothingLost(api, traffic, SETTLED_WITHIN_MS);
    await expectEverythingTold(api, receiver, SETTLED_WITHIN_MS);
    expect(await Promise.all(instances.map((instance) => instance.end('SIGTERM')))).toEqual([0, 0]);
    expect(await runCommandProcess('ledger-verify', [], env)).toMatchObject({ exitCode: 0 });
  });
});

/** A server on one port, which a process manager starts again whenever it has ended. */
class Instance {
  private isWanted = true;
  private running: ServerProcess;
  private managing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly port: number,
    first: ServerProcess,
  ) {
    this.running = first;
    this.managing = this.manage();
  }

  static async start(env: NodeJS.ProcessEnv): Promise<Instance> {
    const port = await freePort();
    return new Instance(env, port, await startServerProcess(env, port));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** kill -9, in whatever it is doing. Resolves once it has ended; it is started again by itself. */
  async kill(): Promise<void> {
    await this.running.end('SIGKILL');
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.isWanted = false;
    const code = await this.running.end(signal);
    await this.managing;
    return code;
  }

  private async manage(): Promise<void> {
    for (;;) {
      const code = await this.running.process.exited;
      if (!this.isWanted) return;
      // Nothing but kill -9 may end it.
      if (code !== null) process.stderr.write(`ended with ${code}: ${this.running.process.output().slice(-2000)}\n`);
      this.running = await this.startAgain();
    }
  }

  /** The database may be away for a moment. */
  private async startAgain(): Promise<ServerProcess> {
    for (;;) {
      try {
        return await startServerProcess(this.env, this.port);
      } catch (error) {
        process.stderr.write(`not started: ${String(error).slice(-500)}\n`);
        await pause(1_000);
      }
    }
  }
}
