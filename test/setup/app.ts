import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type pg from 'pg';
import type { Logger } from 'pino';
import { createApp } from '../../src/bootstrap.js';
import { readConfig, type Config } from '../../src/config/config.js';
import { Database } from '../../src/database/database.js';
import { createLogger } from '../../src/http/logging.js';
import { ServerDrain } from '../../src/http/server-drain.js';
import { PayoutScheduler } from '../../src/payouts/runs/payout-scheduler.js';
import { ClickConnections } from '../../src/referrals/clicks/click-connections.js';
import { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { CatchUpScheduler } from '../../src/stripe/webhooks/catch-up-scheduler.js';
import { createTestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { FakeClock } from './fake-clock.js';
import { signToken, type TokenOptions } from './tokens.js';

export { FakeClock };

export interface TestResponse<T> {
  status: number;
  body: T;
  headers: Headers;
  text: string;
}

export interface TestRequest {
  /** Sent as JSON, unless it is a string or a buffer, which is sent as it is. */
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

export interface TestApp {
  app: NestFastifyApplication;
  url: string;
  clock: FakeClock;
  config: Config;
  database: Database;
  /** Stands in for Stripe, behind the official SDK; sends its events to the app as signed webhooks. */
  stripe: StripeEmulator;
  /** The test database as the role that owns its tables. */
  ownerUrl: string;
  /** A token of this scope; `sub` is `host-app` or the given user id. */
  token(scope?: string, subject?: string, options?: TokenOptions): string;
  /** `request<Affiliate>('POST', '/v1/affiliates', { body })`; sends a host token unless told otherwise. */
  request<T = unknown>(method: string, path: string, options?: TestRequest): Promise<TestResponse<T>>;
  /** Resolves once every event of the emulator was delivered and worked on. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** What the emulator signs its webhooks with, and tests theirs. */
export const WEBHOOK_SECRET = 'whsec_test';

/**
 * The whole application on a database of its own and a real port, with a clock that stands still. What a server does by the
 * minute or the hour a test asks for itself (`tick`, `releaseDue`, `sealNow`); what it does each second goes on.
 */
export async function startTestApp(
  options: {
    env?: Record<string, string>;
    now?: Date | string;
    databaseUrl?: string;
    clock?: FakeClock;
    stripe?: StripeEmulator;
    /** Where the application looks for Stripe, if not at the emulator itself. */
    stripeUrl?: string;
    webhookSecrets?: string[];
    /** Whether the key is one of live mode. */
    livemode?: boolean;
    background?: boolean;
    /** That of a server unless told. */
    statementTimeoutMs?: number;
    /** Whether visitors of a database that says nothing are sent on after as few seconds as by a server; else they wait. */
    isImpatient?: boolean;
    /** Where the dashboard's built page lies; the sources have none. */
    dashboardFolder?: string;
    /** Where its log goes; nowhere unless told. */
    logger?: Logger;
  } = {},
): Promise<TestApp> {
  const testDatabase = await createTestDatabase();
  const clock = options.clock ?? new FakeClock(new Date(options.now ?? '2026-12-01T12:00:00Z'));
  const config = readConfig({
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://localhost:3000',
    SITE_URL: 'https://app.example.com',
    ...options.env,
  });
  const databaseUrl = options.databaseUrl ?? testDatabase.url;
  const stripe = options.stripe ?? (await StripeEmulator.start({ now: () => clock.now() }));
  const connection = {
    secretKey: 'sk_test_emulator',
    apiBase: options.stripeUrl ?? stripe.url,
    webhookSecrets: options.webhookSecrets ?? [WEBHOOK_SECRET],
    livemode: options.livemode ?? false,
  };
  const app = await createApp({
    config,
    databaseUrl,
    clock,
    stripe: connection,
    background: options.background,
    // They would go by the real clock, and come between any two steps of a test.
    cronJobs: false,
    ...(options.statementTimeoutMs !== undefined && { statementTimeoutMs: options.statementTimeoutMs }),
    dashboardFolder: options.dashboardFolder,
    logger: options.logger ?? createLogger('silent'),
  });
  if (!options.isImpatient) letVisitorsWait(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  if (!options.stripe) stripe.addWebhookEndpoint({ url: `${url}/stripe/webhooks`, secret: WEBHOOK_SECRET });
  const isNewWorld = !options.stripe && !options.databaseUrl;
  if (isNewWorld && options.background !== false) await endOfStart(app);
  const token: TestApp['token'] = (scope = 'host', subject = 'host-app', more = {}) =>
    signToken(clock.now(), { scope, subject, ...more });
  return {
    app,
    url,
    clock,
    config,
    database: app.get(Database),
    stripe,
    ownerUrl: testDatabase.ownerUrl,
    token,
    request: (method, path, { body, token: given = token(), headers } = {}) =>
      send(method, url + path, body, { ...(given !== '' && { authorization: `Bearer ${given}` }), ...headers }),
    settle: async () => {
      await stripe.settle();
      const events = app.get(Database).prisma.stripeEvent;
      await eventually(async () => expect(await events.count({ where: { status: 'pending' } })).toBe(0));
    },
    close: async () => {
      await app.get(ServerDrain).drain();
      if (!options.stripe) await stripe.settle();
      await app.close();
      if (!options.stripe) await stripe.close();
      await testDatabase.drop();
    },
  };
}

/**
 * What a start does at once, and nothing waits for: it finds nothing in a new world. Late, it would ask Stripe what a test
 * wants to hear asked, and do what is due by a clock that has been set since.
 */
async function endOfStart(app: NestFastifyApplication): Promise<void> {
  await Promise.all([app.get(CatchUpScheduler).tick(), app.get(PayoutScheduler).tick()]);
}

/** A machine that stands still for a moment looks like a database that does: a test would lose clicks by it. */
function letVisitorsWait(app: NestFastifyApplication): void {
  const { options } = Reflect.get(app.get(ClickConnections, { strict: false }), 'pool') as pg.Pool;
  Object.assign(options, { connectionTimeoutMillis: 0, query_timeout: 0 });
}

async function send<T>(
  method: string,
  url: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<TestResponse<T>> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, body: (isJson ? JSON.parse(text) : text) as T, headers: response.headers, text };
}
