/** failures.md, row 72: what the service and its commands write down of persons, links and secrets, which is nothing. */
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import { DEMO } from '../../src/config/config.js';
import { createLogger } from '../../src/http/logging.js';
import { AffiliatesService } from '../../src/affiliates/affiliates.service.js';
import { Logger } from '@nestjs/common';
import type { OnboardingLinkDto } from '../../src/affiliates/onboarding/onboarding.dto.js';
import { signatureOf } from '../../src/stripe/emulator/index.js';
import { BROWSER } from '../integration/referrals/visits.js';
import { startTestApp, WEBHOOK_SECRET, type TestApp } from '../setup/app.js';
import { createTestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals, onboard } from '../setup/host.js';
import { pay, tell } from '../setup/sales.js';
import { processEnv, runCommandProcess, startServerProcess } from '../setup/processes.js';
import { deliver, eventOf, paidInvoice } from '../setup/webhooks.js';

const PERSON = { name: 'Wilhelmina Ostrander', email: 'wilhelmina@ostrander.example', ip: '203.0.113.72' };
const HOST_SECRET = 'host-secret-of-32-bytes-and-a-few-more';
const SESSION_SECRET = 'session-secret-of-32-bytes-and-a-bit';

/** What must stand in no line, by what it is. */
const FORBIDDEN: [what: string, pattern: RegExp][] = [
  ['an e-mail address', /[\w.+-]+(@|%40)[\w-]+\.[\w.-]+/],
  // Where the server listens is no secret, nor is a file in a stack.
  ['a link', /(?<!\blistening at http|\bfile):\/\/[^\s"]/],
  ['a token', /eyJ[\w-]+/],
  ['a secret of Stripe', /\b(sk|rk|whsec)_\w+/],
  ['a signature', /\bv1=[0-9a-f]{16}/],
  ['a name', /wilhelmina|ostrander/i],
  ['an address', /203\.0\.113\.\d+/],
  ['the page of a visitor', /secret-page|utm_source/],
  [
    'a secret of the configuration',
    new RegExp([HOST_SECRET, SESSION_SECRET, DEMO.jwtSecret, WEBHOOK_SECRET].join('|')),
  ],
  ['a browser', /Mozilla\/5\.0/],
];

function betrayals(output: string): string[] {
  return output
    .split('\n')
    .flatMap((line) => FORBIDDEN.filter(([, pattern]) => pattern.test(line)).map(([what]) => `${what}: ${line}`));
}

describe('72 · the log at its most verbose', () => {
  const lines: string[] = [];
  let api: TestApp;

  beforeAll(async () => {
    const logger = createLogger('info', { write: (line: string) => lines.push(line) });
    logger.level = 'trace';
    api = await startTestApp({ logger, env: { TRUST_PROXY: '1', SESSION_SECRET } });
    signed = api.token();
  });
  afterAll(async () => api.close());

  /** Each call with all that a caller can put into it, right or wrong. */
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    api.request(method, path, {
      body,
      token: signed,
      headers: { 'x-forwarded-for': PERSON.ip, 'user-agent': BROWSER, 'idempotency-key': PERSON.email, ...headers },
    });
  let signed: string;

  it('of a whole journey, errors included, names nobody and gives nothing away', async () => {
    const { body: affiliate } = await api.request<AffiliateDto>('POST', '/v1/affiliates', {
      body: { userId: PERSON.email, name: PERSON.name, email: PERSON.email, code: 'OSTRANDER' },
    });
    await onboard(api, affiliate.id);
    await visitAndSell(affiliate.code);
    await misuse(affiliate.id);
    await failInside();
    await failAtStripe(affiliate.id);
    await failInAJob();
    await send('POST', '/v1/erasures', { userId: PERSON.email });
    await eventually(async () =>
      expect(await api.database.prisma.erasure.count({ where: { status: 'completed' } })).toBe(1),
    );

    const kinds = [
      '"level":"info"',
      '"level":"warn"',
      '"level":"error"',
      '/v1/affiliates/:id/onboarding-links',
      'a person was erased',
    ];
    for (const kind of kinds) expect([kind, lines.some((line) => line.includes(kind))]).toEqual([kind, true]);
    expect(betrayals(lines.join(''))).toEqual([]);
  });

  it('and its check are able to find each of these', () => {
    const samples = [
      `to ${PERSON.email}`,
      'at http://localhost:3000/x',
      signed,
      WEBHOOK_SECRET,
      'v1=0123456789abcdef',
      PERSON.name,
      PERSON.ip,
      '?utm_source=x',
      HOST_SECRET,
      BROWSER,
    ];
    expect(samples.map((sample, index) => FORBIDDEN[index]?.[1].test(sample))).toEqual(samples.map(() => true));
  });

  async function visitAndSell(code: string): Promise<void> {
    await send('GET', `/r/${code}?to=/secret-page&sub=${encodeURIComponent(PERSON.email)}`);
    await send('POST', '/v1/clicks', { code, url: 'https://app.example.com/secret-page?utm_source=x', ip: PERSON.ip });
    await send(
      'POST',
      '/v1/referrals',
      { referredUserId: `buyer of ${PERSON.email}`, code, email: PERSON.email, ip: PERSON.ip },
      { 'idempotency-key': 'r1' },
    );
    await send('GET', `/v1/referrals/by-user/${encodeURIComponent(PERSON.email)}`);
    await pay(api, {
      id: 'in_1',
      payment: 'pi_1',
      customer: 'cus_1',
      userId: `buyer of ${PERSON.email}`,
      ...{ customer_email: PERSON.email },
    });
    await send('POST', '/v1/payout-runs/preview', {});
  }

  /** Requests that are refused, with what must not be quoted in them. */
  async function misuse(id: string): Promise<void> {
    const good = { userId: PERSON.email, name: PERSON.name, email: PERSON.email };
    await send('POST', '/v1/affiliates', good, { 'idempotency-key': 'a1' });
    await send('POST', '/v1/affiliates', { ...good, userId: 'x', code: 'OSTRANDER' }, { 'idempotency-key': 'a2' });
    await send('POST', '/v1/affiliates', `{"email":"${PERSON.email}"`);
    await send('POST', '/v1/affiliates', { [PERSON.email]: PERSON.name });
    await send('PATCH', `/v1/affiliates/${id}`, { email: `not ${PERSON.email}` });
    await send('GET', `/v1/affiliates/${encodeURIComponent(PERSON.email)}`);
    await send('GET', `/v1/nothing/${encodeURIComponent(PERSON.email)}?token=${signed}`);
    await send('POST', `/v1/affiliates/${id}/onboarding-links`, { returnUrl: 'https://evil.example/wilhelmina' });
    await api.request('GET', '/v1/affiliates', { token: `${signed}x` });
    await api.request('GET', '/v1/affiliates', { token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ3aWxoZWxtaW5hIn0.' });
    await deliver(api, eventOf(api, 'customer.created', { email: PERSON.email }), { secret: 'whsec_another' });
    await api.request('POST', '/stripe/webhooks', { token: '', body: `{"email":"${PERSON.email}"}` });
    await tell(api, 'customer.updated', { id: 'cus_1', object: 'customer', email: PERSON.email, name: PERSON.name });
  }

  /** Errors of ours whose messages and properties hold everything. */
  async function failInside(): Promise<void> {
    const service = api.app.get(AffiliatesService);
    const { list } = service;
    const secret = `${PERSON.email} at https://x.example/d?token=${signed} with ${WEBHOOK_SECRET}`;
    for (const error of [
      new Error(secret, { cause: new Error(secret) }),
      Object.assign(new Error('duplicate key'), {
        code: '23505',
        detail: secret,
        parameters: [PERSON],
        config: { secret },
      }),
      secret,
      PERSON,
    ]) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- not all that libraries throw is an error
      service.list = () => Promise.reject(error);
      expect((await send('GET', '/v1/affiliates')).status).toBe(500);
    }
    service.list = list;
    const logger = new Logger('Test');
    logger.verbose({ message: `for ${PERSON.email}`, err: new Error(secret), link: 'https://x.example/?t=1' });
    logger.debug(`opened https://x.example/?token=${signed}`);
    // What the database refuses quotes the row.
    await api.database.prisma
      .$executeRawUnsafe('SELECT $1::int', PERSON.email)
      .catch((error: unknown) => logger.error(error));
  }

  /** Stripe's answers quote what they were asked. */
  async function failAtStripe(id: string): Promise<void> {
    const { body } = await api.request<OnboardingLinkDto>('POST', `/v1/affiliates/${id}/onboarding-links`, {
      body: {},
    });
    expect(body.url).toContain('://');
    api.stripe.faults.add({ kind: 'forbidden_403', method: 'POST', path: '/v2/core/account_links' });
    expect((await send('POST', `/v1/affiliates/${id}/onboarding-links`, {})).status).toBe(503);
  }

  async function failInAJob(): Promise<void> {
    const broken = { ...paidInvoice(api, { userId: PERSON.email }), total: PERSON.email, customer_email: PERSON.email };
    await deliver(api, eventOf(api, 'invoice.paid', broken));
    await eventually(async () => expect(lines.some((line) => line.includes('failed and is retried'))).toBe(true));
  }
});

describe('72 · processes', () => {
  it('say nothing of persons, links and secrets on their outputs, from start to end', async () => {
    const database = await createTestDatabase();
    const api = await startTestApp({ databaseUrl: database.url, background: false, now: new Date() });
    try {
      const affiliate = await affiliateWithReferrals(api, PERSON.name, [PERSON.email]);
      await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { email: PERSON.email } });
      const env = processEnv(database, api.stripe, {
        JWT_SECRET: HOST_SECRET,
        SESSION_SECRET,
        JWT_AUDIENCE: 'fairshare',
      });
      const server = await startServerProcess(env);
      const event = eventOf(api, 'invoice.paid', {
        ...paidInvoice(api, { userId: PERSON.email }),
        total: PERSON.email,
      });
      await api.request('POST', '/v1/nothing', { token: '' });
      await fetch(`${server.url}/v1/affiliates/${encodeURIComponent(PERSON.email)}?token=${PERSON.email}`);
      const body = JSON.stringify(event);
      const signature = signatureOf(body, WEBHOOK_SECRET, new Date());
      await fetch(`${server.url}/stripe/webhooks`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'stripe-signature': signature },
      });
      await eventually(async () => expect(server.process.output()).toContain('failed and is retried'));
      const commands = await Promise.all([
        runCommandProcess('ledger-verify', [], env),
        runCommandProcess('stripe-replay', ['--since', '2020-01-01'], env),
        runCommandProcess('stripe-replay', ['--event', 'evt_nobody'], env),
        runCommandProcess('payouts', ['--period', '2026-10', '--dry-run'], env),
        runCommandProcess('db-migrate', [], {
          ...env,
          MIGRATION_DATABASE_URL: 'postgresql://wilhelmina:pw@127.0.0.1:9/x',
        }),
      ]);
      expect(commands.map(({ exitCode }) => exitCode)).toEqual([0, 1, 1, 0, 1]);
      expect(commands.at(-1)?.output).toBe(
        'The database at 127.0.0.1:9 cannot be reached (ECONNREFUSED). Start it, or correct the address.\n',
      );
      await server.end();
      expect(server.process.output().length).toBeGreaterThan(0);
      expect(betrayals([server.process.output(), ...commands.map(({ output }) => output)].join('\n'))).toEqual([]);
    } finally {
      await api.close();
      await database.drop();
    }
  });
});
