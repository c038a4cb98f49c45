import { setTimeout as pause } from 'node:timers/promises';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import { SystemClock } from '../../src/common/clock.js';
import { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { createEmptyDatabase, type TestDatabase } from '../setup/database.js';
import { processEnv, runCommandProcess, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { signToken } from '../setup/tokens.js';
import { Traffic } from '../setup/traffic.js';
import { expectEverythingTold, expectNothingLost } from '../setup/traffic-books.js';
import { startReceiver, type WebhookReceiver } from '../setup/webhook-receiver.js';

/** A folder with an older version, built: `UPGRADE_FROM=/srv/fairshare-old npm run test:stress -- upgrade`. */
const OLDER = process.env['UPGRADE_FROM'];
const STEP_MS = 10_000;
const AFFILIATES = 20;
const SETTLED_WITHIN_MS = 300_000;

/** docs/operations/instances.md, "Upgrading", step by step, and back again. */
(OLDER === undefined ? describe.skip : describe)('an upgrade of two instances, one after the other', () => {
  const clock = new SystemClock();
  let database: TestDatabase;
  let stripe: StripeEmulator;
  let receiver: WebhookReceiver;
  let env: NodeJS.ProcessEnv;
  let traffic: Traffic;
  /** Looks on afterwards. */
  let api: TestApp | undefined;
  const running = new Set<ServerProcess>();
  /** Where the proxy sends requests. */
  const urls: string[] = [];

  beforeAll(async () => {
    database = await createEmptyDatabase();
    stripe = await StripeEmulator.start({ now: () => clock.now() });
    receiver = await startReceiver();
    env = processEnv(database, stripe, { RATE_LIMIT_HOST: '1000000' });
  });
  afterAll(async () => {
    await traffic.stop();
    await Promise.all([...running].map((server) => server.end('SIGKILL')));
    await api?.close();
    await receiver.close();
    await stripe.close();
    await database.drop();
  });

  it('answers everything and loses nothing while both versions run, and after going back', async () => {
    const migrated = await runCommandProcess('db-migrate', [], env, { root: OLDER });
    expect(migrated).toMatchObject({ exitCode: 0 });
    const [first, second] = [await start(OLDER), await start(OLDER)];
    await call(first, '/v1/webhook-endpoints', { url: receiver.url });
    const codes: string[] = [];
    for (let n = 1; n <= AFFILIATES; n++) {
      const affiliate = await call<AffiliateDto>(first, '/v1/affiliates', {
        userId: `partner_${n}`,
        name: `Partner ${n}`,
      });
      codes.push(affiliate.code);
    }
    traffic = new Traffic({ urls: () => urls, codes, visitors: 4, customers: 8, pauseMs: 20 });
    await underLoad('two old ones');

    const upgraded = await runCommandProcess('db-migrate', [], env);
    report('while migrating');
    process.stderr.write(upgraded.output);
    expect(upgraded).toMatchObject({ exitCode: 0 });
    await underLoad('old ones, new schema');

    await takeOut(first);
    const third = await start();
    await underLoad('old and new');
    await takeOut(second);
    const fourth = await start();
    await underLoad('new ones');

    await takeOut(third);
    await start(OLDER);
    await underLoad('new and old again');
    await takeOut(fourth);
    await underLoad('an old one again');
    await start();
    await underLoad('upgraded once more');
    await traffic.stop();

    api = await startTestApp({ databaseUrl: database.url, now: clock.now(), background: false, stripe });
    await expectNothingLost(api, traffic, SETTLED_WITHIN_MS);
    await expectEverythingTold(api, receiver, SETTLED_WITHIN_MS);
    expect([...traffic.tally.keys()].filter((what) => !ANSWERED.has(what))).toEqual([]);
    expect(await runCommandProcess('ledger-verify', [], env)).toMatchObject({ exitCode: 0 });
  });

  async function start(root?: string): Promise<ServerProcess> {
    const server = await startServerProcess(env, undefined, root);
    running.add(server);
    urls.push(server.url);
    return server;
  }

  /** No new requests first, as at the proxy; then SIGTERM, in which those under way are answered. */
  async function takeOut(server: ServerProcess): Promise<void> {
    urls.splice(urls.indexOf(server.url), 1);
    running.delete(server);
    expect(await server.end()).toBe(0);
  }

  async function call<T>(server: ServerProcess, path: string, body: unknown): Promise<T> {
    const token = signToken(clock.now(), { scope: 'host', subject: 'host-app' });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(201);
    return (await answer.json()) as T;
  }

  async function underLoad(step: string): Promise<void> {
    await pause(STEP_MS);
    report(step);
  }

  let before = new Map<string, number>();
  function report(step: string): void {
    const since = [...traffic.tally].map(([what, count]) => [what, count - (before.get(what) ?? 0)] as const);
    before = new Map(traffic.tally);
    process.stderr.write(
      `${step}: ${JSON.stringify(Object.fromEntries(since.filter(([, count]) => count > 0).sort()))}\n`,
    );
  }
});

const ANSWERED = new Set(['visit 302', 'signup 201', 'webhook 200']);
