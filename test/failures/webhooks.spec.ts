/**
 * failures.md, rows 1, 3, 4, 6, 8 to 17, 73 and 80: what goes wrong between Stripe and us. Rows 2 and 7 need several
 * processes (test/scenarios/several-processes.spec.ts); what refunds and disputes do to each other's order is in
 * rows 5 and 31 to 37.
 */
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { createApp } from '../../src/bootstrap.js';
import { EventPump } from '../../src/events/event-pump.js';
import { FraudNewsList } from '../../src/fraud/fraud-news.service.js';
import { createLogger } from '../../src/http/logging.js';
import type { ReferralDto } from '../../src/referrals/referral.dto.js';
import { signatureOf, StripeEmulator } from '../../src/stripe/emulator/index.js';
import { EventHandlers } from '../../src/stripe/webhooks/event-handlers.js';
import { EventProcessor } from '../../src/stripe/webhooks/event-processor.js';
import { WebhookInbox } from '../../src/stripe/webhooks/webhook-inbox.js';
import { WebhookController } from '../../src/stripe/webhooks/webhook.controller.js';
import { WebhookPathError } from '../../src/stripe/webhooks/webhook-self-test.js';
import type { InboundEvent } from '../../src/stripe/webhooks/webhook-verifier.js';
import { startTestApp, WEBHOOK_SECRET, type TestApp } from '../setup/app.js';
import { createTestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals, hostStripe, subscribe } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { processEnv, runCommandProcess, startServerProcess } from '../setup/processes.js';
import { stopSchedules } from '../setup/schedules.js';
import { deliver, eventOf, invoicePayment, paidInvoice, refundOf, subscriptionOf } from '../setup/webhooks.js';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

let api: TestApp;

beforeAll(async () => {
  api = await startTestApp();
});
afterEach(async () => expectSoundLedger(api));
afterAll(async () => api.close());

const stored = (id: unknown) => api.database.prisma.stripeEvent.findUnique({ where: { id: String(id) } });
const statusOf = async (id: unknown): Promise<string | undefined> => (await stored(id))?.status;
const commissionsOf = (referredUserId: string, at = api) =>
  at.database.prisma.commission.findMany({ where: { referral: { referredUserId } }, orderBy: { id: 'asc' } });
/** All that the database says, but for the inbox itself. */
async function contentOfAllTables(): Promise<Record<string, unknown>> {
  const { rows } = await api.database.pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
       AND NOT relispartition AND relname NOT IN ('stripe_events', 'journal_unsealed', 'journal_seals', '_prisma_migrations') ORDER BY 1`,
  );
  const contents: Record<string, unknown> = {};
  for (const { name } of rows) {
    const content = await api.database.pool.query<{ rows: unknown }>(
      `SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text), '[]') AS rows FROM "${name}" t`,
    );
    contents[name] = content.rows[0]?.rows;
  }
  return contents;
}
/** From now on nothing happens by itself, and what follows from what happened before has followed. */
async function standStill(): Promise<void> {
  stopSchedules(api);
  await api.app.get(EventPump).tick();
  await eventually(async () => {
    await api.app.get(FraudNewsList).workThrough();
    expect(await api.database.prisma.$queryRaw`SELECT FROM fraud_news`).toEqual([]);
  });
}
const referralOf = async (userId: string): Promise<ReferralDto> =>
  (await api.request<ReferralDto>('GET', `/v1/referrals/by-user/${userId}`)).body;

describe('an event more often than once, and in any order', () => {
  it('1 · a duplicate event gives one posting and 200', async () => {
    await affiliateWithReferrals(api, 'Duplicate', ['duplicate-1']);
    const invoice = paidInvoice(api, { userId: 'duplicate-1', total: 9900, totalExcludingTax: 8319 });
    const event = eventOf(api, 'invoice.paid', invoice);
    const answers = await Promise.all(Array.from({ length: 50 }, () => deliver(api, event)));
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(50).fill([200, { received: true }]));
    await api.settle();
    expect(await deliver(api, event)).toMatchObject({ status: 200, body: { received: true } });
    await api.settle();
    expect(await commissionsOf('duplicate-1')).toMatchObject([{ amountMinor: 1663n, baseMinor: 8319n }]);
  });

  it('3 · different events that tell the same fact give one posting', async () => {
    await affiliateWithReferrals(api, 'Same fact', ['same-fact-1']);
    const invoice = paidInvoice(api, { userId: 'same-fact-1' });
    for (let i = 0; i < 3; i++) await deliver(api, eventOf(api, 'invoice.paid', invoice));
    await api.settle();
    expect(await commissionsOf('same-fact-1')).toHaveLength(1);
    expect(await referralOf('same-fact-1')).toMatchObject({ lifetimeEarned: 1980 });
  });

  it('4 · a cancellation that overtakes the paid invoice leaves it earning', async () => {
    await affiliateWithReferrals(api, 'Order', ['order-1']);
    await deliver(api, eventOf(api, 'customer.subscription.deleted', subscriptionOf(api, 'order-1', 'canceled')));
    await api.settle();
    await deliver(api, eventOf(api, 'customer.subscription.created', subscriptionOf(api, 'order-1', 'active')));
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'order-1' })));
    await api.settle();
    expect(await commissionsOf('order-1')).toHaveLength(1);
    expect(await referralOf('order-1')).toMatchObject({ status: 'churned', mrr: 0, lifetimeEarned: 1980 });
  });

  it('4 · a customer who ends one of two subscriptions stays, and has churned once the other one ends', async () => {
    const userId = 'two-subscriptions';
    await affiliateWithReferrals(api, 'Two', [userId]);
    const tell = async (id: string, status: string): Promise<void> => {
      const subscription = { ...subscriptionOf(api, userId, status), id };
      const type = status === 'canceled' ? 'customer.subscription.deleted' : 'customer.subscription.created';
      await deliver(api, eventOf(api, type, subscription));
      await api.settle();
    };
    await tell('sub_first', 'active');
    await tell('sub_second', 'active');
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId })));
    await api.settle();
    expect(await referralOf(userId)).toMatchObject({ status: 'paid', mrr: 11_600, churnedAt: null });
    await tell('sub_first', 'canceled');
    expect(await referralOf(userId)).toMatchObject({ status: 'paid', mrr: 5800, churnedAt: null });
    await tell('sub_second', 'canceled');
    expect(await referralOf(userId)).toMatchObject({
      status: 'churned',
      mrr: 0,
      churnedAt: expect.any(String) as string,
    });
  });

  it('6 · events of the same second end the same in each of their 24 orders', async () => {
    for (const [no, order] of permutations([0, 1, 2, 3]).entries()) {
      const userId = `equal-${no}`;
      await affiliateWithReferrals(api, `Equal ${no}`, [userId]);
      const invoice = paidInvoice(api, { userId, id: `in_${userId}`, total: 10_000 });
      const events = [
        eventOf(api, 'invoice.paid', invoice),
        eventOf(
          api,
          'invoice_payment.paid',
          invoicePayment(api, { invoice: `in_${userId}`, payment: `pi_${userId}`, amount: 10_000 }),
        ),
        eventOf(api, 'refund.created', refundOf(api, { payment: `pi_${userId}`, amount: 2500 })),
        eventOf(api, 'customer.subscription.deleted', subscriptionOf(api, userId, 'canceled')),
      ];
      expect(new Set(events.map(({ created }) => created)).size).toBe(1);
      for (const position of order) {
        await deliver(api, events[position]);
        await api.settle();
      }
      // 20 % of what stays paid: 75.00.
      expect([order, await referralOf(userId)]).toMatchObject([order, { status: 'churned', lifetimeEarned: 1500 }]);
    }
  });
});

describe('what cannot be worked on, or never arrives', () => {
  it('8 · an event that always fails is tried with growing pauses and ends as failed, while others go on', async () => {
    await affiliateWithReferrals(api, 'Poison', ['poison-1']);
    const poison = eventOf(api, 'invoice.paid', {
      ...paidInvoice(api, { userId: 'poison-1' }),
      amount_paid: 'not a number',
    });
    const waits = await keepWaits(String(poison['id']));
    await deliver(api, poison);
    await eventually(async () => {
      await skipWait(String(poison['id']));
      expect(await stored(poison['id'])).toMatchObject({ status: 'failed', attempts: 12 });
    });
    // 5 s, doubled each time: 2 h 50 min in all. After the last one nobody tries again.
    expect((await waits()).slice(0, 11)).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120]);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'poison-1' })));
    await api.settle();
    expect(await stored(poison['id'])).toMatchObject({ status: 'failed', attempts: 12 });
    expect((await stored(poison['id']))?.lastError).toContain('UnreadableFieldError: amount_paid of invoice');
    expect(await commissionsOf('poison-1')).toHaveLength(1);
    // What the database does not tell within two seconds is left out, until the next time.
    await eventually(async () => {
      const { text } = await api.request('GET', '/metrics');
      expect(text).toContain('fairshare_stripe_events{status="failed"} 1');
      expect(text).toContain('fairshare_stripe_events{status="pending"} 0');
    });
  });

  /** Has the database note for how many seconds each failed try of the event makes it wait. */
  async function keepWaits(stripeEventId: string): Promise<() => Promise<number[]>> {
    const owner = new pg.Client({ connectionString: api.ownerUrl });
    await owner.connect();
    await owner.query(`
      CREATE TABLE kept_waits (attempts int, seconds int);
      GRANT SELECT, INSERT ON kept_waits TO PUBLIC;
      CREATE FUNCTION keep_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO kept_waits VALUES (NEW.attempts, extract(epoch FROM NEW.due_at - now())::int);
        RETURN NULL;
      END $$;
      CREATE TRIGGER keep_wait AFTER UPDATE ON stripe_events FOR EACH ROW
        WHEN (NEW.id = '${stripeEventId}' AND NEW.attempts > OLD.attempts) EXECUTE FUNCTION keep_wait()`);
    return async () => {
      const { rows } = await owner.query<{ seconds: number }>('SELECT seconds FROM kept_waits ORDER BY attempts');
      await owner.query('DROP TRIGGER keep_wait ON stripe_events; DROP FUNCTION keep_wait; DROP TABLE kept_waits');
      await owner.end();
      return rows.map(({ seconds }) => seconds);
    };
  }

  /** Has the event's next try begin now, where one has failed. */
  async function skipWait(stripeEventId: string): Promise<void> {
    await api.database.prisma.$executeRaw`
      UPDATE stripe_events SET due_at = now() WHERE id = ${stripeEventId} AND status = 'pending' AND attempts > 0`;
  }

  it('9 · a server that was down for five days catches up by itself', async () => {
    const database = await createTestDatabase();
    const { clock } = api;
    // Its webhooks find nobody: no endpoint is told of them.
    const stripe = await StripeEmulator.start({ now: () => clock.now() });
    const start = () => startTestApp({ databaseUrl: database.url, clock, stripe });
    let server = await start();
    const affiliate = await affiliateWithReferrals(server, 'Down', ['down-1', 'down-2']);
    await server.request('POST', `/v1/affiliates/${affiliate.id}/onboarding-links`);
    const affiliateRow = () => server.database.prisma.affiliate.findUniqueOrThrow({ where: { id: affiliate.id } });
    const { stripeAccountId } = await affiliateRow();
    await server.close();

    const customers = [];
    for (const userId of ['down-1', 'down-2']) {
      customers.push(await subscribe({ ...server, stripe }, { userId, unitAmountMinor: 9900 }));
      clock.advance(2 * DAY_MS);
    }
    await hostStripe({ ...server, stripe }).subscriptions.cancel(customers[0]?.id ?? '');
    await fetch(`${stripe.url}/_emulator/accounts/${stripeAccountId}/complete-onboarding`, { method: 'POST' });
    clock.advance(DAY_MS);

    server = await start();
    await eventually(async () => {
      expect([await commissionsOf('down-1', server), await commissionsOf('down-2', server)]).toMatchObject([
        [{ amountMinor: 1980n }],
        [{ amountMinor: 1980n }],
      ]);
      expect(await affiliateRow()).toMatchObject({ payoutsEnabled: true });
      const { body } = await server.request('GET', '/v1/referrals/by-user/down-1');
      expect(body).toMatchObject({ status: 'churned', lifetimeEarned: 1980 });
    });
    await expectSoundLedger(server);
    await server.close();
    await stripe.close();
    await database.drop();
  });
});

describe('what is no genuine event', () => {
  const minutes = (n: number): Date => new Date(api.clock.now().getTime() + n * 60_000);
  const event = (): Record<string, unknown> => eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'nobody' }));

  async function expectRefused(
    body: unknown,
    code: string,
    signing?: { secret?: string; signedAt?: Date },
  ): Promise<void> {
    const before = await api.database.prisma.stripeEvent.count();
    const answer = await deliver(api, body, signing);
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code } }]);
    expect(await api.database.prisma.stripeEvent.count()).toBe(before);
  }

  it('10 · while the secret is rotated the old and the new one verify, and no other', async () => {
    const rotating = await startTestApp({ webhookSecrets: ['whsec_new', WEBHOOK_SECRET] });
    const unknown = () => eventOf(rotating, 'some.thing', { id: 'x' });
    expect((await deliver(rotating, unknown(), { secret: 'whsec_new' })).status).toBe(200);
    expect((await deliver(rotating, unknown(), { secret: WEBHOOK_SECRET })).status).toBe(200);
    expect((await deliver(rotating, unknown(), { secret: 'whsec_older' })).status).toBe(400);
    await rotating.close();
  });

  it.each<[string, (app: NestFastifyApplication) => void]>([
    [
      'with a body parser that writes it again',
      (app) => parseBefore(app, (raw) => Buffer.from(JSON.stringify(JSON.parse(raw.toString())))),
    ],
    ['with a body parser that keeps only what it parsed', (app) => parseBefore(app, () => undefined)],
    [
      'whose way past the application’s routes changes it',
      (app) => {
        const webhooks = app.get(WebhookController, { strict: false });
        const receive = webhooks.receive.bind(webhooks);
        webhooks.receive = (request) => {
          if (!request.url.includes('?')) request.rawBody = Buffer.from(`${request.rawBody?.toString() ?? ''} `);
          return receive(request);
        };
      },
    ],
  ])('11 · a service %s before the verifier does not start', async (_title, getBetween) => {
    const database = await createTestDatabase();
    const app = await createApp({
      config: api.config,
      databaseUrl: database.url,
      clock: api.clock,
      stripe: { secretKey: 'sk_test_x', apiBase: api.stripe.url, webhookSecrets: [WEBHOOK_SECRET], livemode: false },
      logger: createLogger('silent'),
    });
    getBetween(app);
    await expect(app.listen(0, '127.0.0.1')).rejects.toThrow(WebhookPathError);
    expect(app.getHttpServer().listening).toBe(false);
    await app.close();
    await database.drop();
  });

  function parseBefore(app: NestFastifyApplication, bytesAfter: (raw: Buffer) => Buffer | undefined): void {
    const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
    fastify.removeContentTypeParser('application/json');
    fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, raw: Buffer, done) => {
      request.rawBody = bytesAfter(raw);
      done(null, JSON.parse(raw.toString()));
    });
  }

  it('11 · a service whose bytes arrive as they came starts, and has stored nothing of the probe', async () => {
    const server = await startTestApp();
    expect(await server.database.prisma.stripeEvent.count()).toBe(0);
    await server.close();
  });

  it('13 · a replay more than 300 s older or newer is refused with 400', async () => {
    await expectRefused(event(), 'webhook_timestamp_invalid', { signedAt: minutes(-5.017) });
    await expectRefused(event(), 'webhook_timestamp_invalid', { signedAt: minutes(5.017) });
    for (const offset of [-5, 5]) {
      expect((await deliver(api, event(), { signedAt: minutes(offset) })).status).toBe(200);
    }
  });

  it('13 · a replay stays one, whatever moments stand beside the one that was signed', async () => {
    const replayed = event();
    const body = JSON.stringify(replayed);
    const [moment, signature] = signatureOf(body, WEBHOOK_SECRET, minutes(-60)).split(',');
    const now = `t=${Math.floor(api.clock.now().getTime() / 1000)}`;
    const parts = [
      [now, moment, signature],
      [moment, signature, now],
      [now, signature, `${moment}x`],
      [now, signature, `${moment}=`],
      [now, signature, 't'],
      [` ${now}`, moment, signature],
    ];
    for (const header of parts.map((each) => each.join(','))) {
      const answer = await api.request('POST', '/stripe/webhooks', {
        token: '',
        body,
        headers: { 'stripe-signature': header },
      });
      expect([header, answer.status, answer.body]).toMatchObject([header, 400, { error: {} }]);
    }
    expect(await stored(replayed['id'])).toBeNull();
  });

  it.each<[string, unknown]>([
    ['text that is no JSON', 'hello'],
    ['a JSON array', '[]'],
    ['JSON null', 'null'],
    ['an object of Stripe that is no event', { object: 'invoice', id: 'in_1' }],
    ['an event without an object in it', { object: 'event', id: 'evt_x', type: 'invoice.paid' }],
    ['an event without an id', { object: 'event', type: 'invoice.paid', data: { object: {} } }],
    ['a thin event without a type', { object: 'v2.core.event', id: 'evt_x' }],
  ])('17 · %s, well signed, is refused with 400', async (_title, body) => {
    await expectRefused(body, 'webhook_not_an_event');
  });

  it('17 · a body without a signature, an empty one, a changed one, and another secret are refused with 400', async () => {
    const body = JSON.stringify(event());
    expect((await api.request('POST', '/stripe/webhooks', { token: '', body })).status).toBe(400);
    await expectRefused('', 'webhook_body_missing');
    await expectRefused(event(), 'webhook_signature_invalid', { secret: 'whsec_other' });
    const changed = await api.request('POST', '/stripe/webhooks', {
      token: '',
      body: `${body} `,
      headers: { 'stripe-signature': `t=${Math.floor(api.clock.now().getTime() / 1000)},v1=${'0'.repeat(64)}` },
    });
    expect([changed.status, changed.body]).toMatchObject([400, { error: { code: 'webhook_signature_invalid' } }]);
  });
});

describe('what is kept without effect', () => {
  const kept = (overrides: Record<string, unknown>): Record<string, unknown> =>
    eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'kept' }), overrides);
  const thin = (type: string, related?: { id: string; type: string }): Record<string, unknown> => ({
    ...eventOf(api, type, {}),
    object: 'v2.core.event',
    created: api.clock.now().toISOString(),
    data: undefined,
    related_object: related,
  });

  it.each<[string, () => Record<string, unknown>, string]>([
    ['14 · an invoice of live mode', () => kept({ livemode: true }), 'ignored'],
    ['15 · a type we do not know', () => eventOf(api, 'something.new', { id: 'x', object: 'something' }), 'ignored'],
    ['15 · a thin event of a type we do not know', () => thin('v2.new'), 'ignored'],
    [
      '15 · an API version in which Stripe does not show the object',
      () => kept({ api_version: '2019-05-16' }),
      'parked',
    ],
    ['80 · an invoice of a connected account, which its owner forged', () => kept({ account: 'acct_evil' }), 'ignored'],
  ])('%s', async (title, build, status) => {
    await affiliateWithReferrals(api, `Kept ${title}`, []);
    const event = build();
    expect(await deliver(api, event)).toMatchObject({ status: 200, body: { received: true } });
    await api.settle();
    expect(await statusOf(event['id'])).toBe(status);
    expect(await api.database.prisma.stripeInvoice.count({ where: { referredUserId: 'kept' } })).toBe(0);
  });

  it('15 · no type that the README has an operator send here is taken for an unknown one', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
    const typesOf = (endpoint: string): string[] => {
      const row = readme.split('\n').find((line) => line.startsWith(`| ${endpoint} |`)) ?? '';
      return [...row.matchAll(/`([a-z_]+(?:\.[a-z_]+)+)`/g)].flatMap(([, type]) => type ?? []);
    };
    const [own, connected] = [typesOf('your account'), typesOf('connected accounts')];
    expect([own.length, connected.length]).toEqual([24, 9]);
    const events = [
      ...own.map((type) => eventOf(api, type, {})),
      ...connected.map((type) => eventOf(api, type, {}, { account: 'acct_1' })),
      thin('v2.core.account[configuration.recipient].capability_status_updated'),
      thin('v2.core.account[requirements].updated'),
      thin('v2.core.account.closed'),
    ];
    const handlers = api.app.get(EventHandlers);
    const unknown = events.filter((event) => !handlers.accepts(event as unknown as InboundEvent));
    expect(unknown.map(({ type }) => type)).toEqual([]);
  });

  it('14 · news of a connected account that is nobody’s here changes nobody', async () => {
    await affiliateWithReferrals(api, 'Somebody', []);
    const before = await api.database.prisma.affiliate.findMany({ orderBy: { id: 'asc' } });
    const account = 'acct_nobody';
    const events = [
      eventOf(api, 'account.updated', { id: account, object: 'account', payouts_enabled: true }, { account }),
      eventOf(api, 'capability.updated', { id: 'transfers', object: 'capability', account }, { account }),
      eventOf(api, 'account.application.deauthorized', { id: 'ca_x', object: 'application' }, { account }),
      thin('v2.core.account[requirements].updated', { id: account, type: 'v2.core.account' }),
    ];
    for (const event of events) expect((await deliver(api, event)).status).toBe(200);
    await api.settle();
    expect(await Promise.all(events.map(({ id }) => statusOf(id)))).toEqual(Array(4).fill('processed'));
    expect(await api.database.prisma.affiliate.findMany({ orderBy: { id: 'asc' } })).toEqual(before);
  });

  it('15 · values that our types do not know neither fail nor earn nor take', async () => {
    await affiliateWithReferrals(api, 'Enum', ['enum-1']);
    const invoice = paidInvoice(api, { userId: 'enum-1' });
    const events = [
      eventOf(api, 'customer.subscription.updated', subscriptionOf(api, 'enum-1', 'hibernating')),
      eventOf(api, 'invoice.paid', { ...invoice, billing_reason: 'moon_phase', collection_method: 'telepathy' }),
      eventOf(api, 'refund.created', refundOf(api, { payment: 'pi_enum', amount: 100, status: 'pondering' })),
    ];
    for (const event of events) expect((await deliver(api, event)).status).toBe(200);
    await api.settle();
    expect(await Promise.all(events.map(({ id }) => statusOf(id)))).toEqual(Array(3).fill('processed'));
    expect(await referralOf('enum-1')).toMatchObject({ status: 'paid', mrr: 5800, lifetimeEarned: 1980 });
  });

  it('15 · an event of another API version is read from its object in ours', async () => {
    const userId = 'version-1';
    await affiliateWithReferrals(api, 'Version', [userId]);
    const subscription = await subscribe(api, { userId, unitAmountMinor: 9900 });
    await api.settle();
    const old = { id: subscription.id, object: 'subscription', plan: { amount: 1 }, current_period_end: 1 };
    const event = eventOf(api, 'customer.subscription.updated', old, { api_version: '2019-05-16' });
    await deliver(api, event);
    await api.settle();
    expect(await statusOf(event['id'])).toBe('processed');
    expect(await referralOf(userId)).toMatchObject({ status: 'paid', mrr: 9900 });
  });

  it('73 · a test key takes no live event, and a live key no test event', async () => {
    const live = await startTestApp({ livemode: true });
    const bySide = [
      [api, false],
      [live, true],
    ] as const;
    for (const [side, livemode] of bySide) {
      await affiliateWithReferrals(side, `Mode ${livemode}`, ['mode-1']);
      for (const mode of [true, false]) {
        const event = eventOf(side, 'invoice.paid', paidInvoice(side, { userId: 'mode-1' }), { livemode: mode });
        expect((await deliver(side, event)).status).toBe(200);
        await side.settle();
        const { status } = await side.database.prisma.stripeEvent.findUniqueOrThrow({
          where: { id: String(event['id']) },
        });
        expect([mode, status]).toEqual([mode, mode === livemode ? 'processed' : 'ignored']);
      }
      expect(await commissionsOf('mode-1', side)).toHaveLength(1);
    }
    await live.close();
  });

  it('73 · of the other mode no kind of event has an effect: arrived, waiting, or processed again', async () => {
    await affiliateWithReferrals(api, 'Other mode', ['mode-2']);
    const invoice = paidInvoice(api, { userId: 'mode-2' });
    const account = 'acct_mode';
    const kinds = [...api.app.get(EventHandlers).listedTypes, 'account.updated', 'capability.updated', 'payout.failed'];
    const events = [
      ...kinds.map((type) =>
        eventOf(api, type, invoice, { livemode: true, ...(type.includes('.updated') && { account }) }),
      ),
      { ...thin('v2.core.account.closed', { id: account, type: 'v2.core.account' }), livemode: true },
    ];
    await standStill();
    const before = await contentOfAllTables();
    for (const event of events) expect((await deliver(api, event)).status).toBe(200);
    await api.settle();
    const ids = events.map(({ id }) => String(id));
    const statuses = async () =>
      (await api.database.prisma.stripeEvent.findMany({ where: { id: { in: ids } } })).map(({ status }) => status);
    expect(await statuses()).toEqual(ids.map(() => 'ignored'));
    // As after the key was changed for one of the other mode while they waited.
    await api.database.prisma.stripeEvent.updateMany({ where: { id: { in: ids } }, data: { status: 'pending' } });
    await api.app.get(WebhookInbox).releaseAll();
    await api.settle();
    expect(await statuses()).toEqual(ids.map(() => 'ignored'));
    const replayed = await api.app.get(EventProcessor).replayBatch(ids, null);
    expect(replayed.map(({ after }) => after)).toEqual(ids.map(() => 'ignored'));
    expect(await contentOfAllTables()).toEqual(before);
  });

  it('80 · no event about money is taken from a connected account', async () => {
    const forged = api.app
      .get(EventHandlers)
      .listedTypes.map((type) => eventOf(api, type, paidInvoice(api, { userId: 'kept' }), { account: 'acct_evil' }));
    expect(forged.map(({ type }) => type)).toEqual(expect.arrayContaining(['invoice.paid', 'refund.created']));
    await Promise.all(forged.map((event) => deliver(api, event)));
    const kept = await api.database.prisma.stripeEvent.groupBy({
      by: ['status'],
      where: { id: { in: forged.map(({ id }) => String(id)) } },
      _count: true,
    });
    expect(kept).toEqual([{ status: 'ignored', _count: forged.length }]);
  });
});

describe('the server as a process', () => {
  it('12 · bodies of 50 MB are refused with 413 and leave the memory flat', async () => {
    const server = await startServerProcess(processEnv({ url: api.database.url, ownerUrl: api.ownerUrl }, api.stripe));
    try {
      const url = `${server.url}/stripe/webhooks`;
      const memoryMiB = async (): Promise<number> => {
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]) / MIB;
      };
      const before = await memoryMiB();
      let peak = before;
      const answers: (number | undefined)[] = [];
      for (let round = 0; round < 5; round++) {
        const uploads = Array.from({ length: 4 }, (_, no) =>
          // With its length announced it is refused unread; without, once it is too long.
          upload(url, 50 * MIB, no % 2 === 0 ? { 'content-length': 50 * MIB } : {}),
        );
        peak = Math.max(peak, await memoryMiB());
        answers.push(...(await Promise.all(uploads)));
        peak = Math.max(peak, await memoryMiB());
      }
      expect(answers).toContain(413);
      expect(answers.filter((status) => status !== undefined && status !== 413)).toEqual([]);
      // 200 MiB were offered at a time, a gigabyte in all. A server that has just started takes some tens for itself.
      expect(peak - before).toBeLessThan(100);
    } finally {
      await server.end();
    }
  });

  it.each([
    ['', /STRIPE_WEBHOOK_SECRETS is empty/],
    ['whsec_a,,whsec_b', /STRIPE_WEBHOOK_SECRETS has an empty entry/],
  ])('16 · with STRIPE_WEBHOOK_SECRETS=%j it refuses to start', async (secrets, message) => {
    const database = { url: api.database.url, ownerUrl: api.ownerUrl };
    const env = processEnv(database, api.stripe, { STRIPE_WEBHOOK_SECRETS: secrets });
    const { exitCode, output } = await runCommandProcess('../main', [], env);
    expect(exitCode).toBe(1);
    expect(output).toMatch(message);
  });
});

/**
 * Sends that many bytes, as fast as they are taken.
 * @returns the status; undefined when the server hung up before its answer could be read, as it may on such a body.
 */
function upload(url: string, bytes: number, headers: Record<string, number>): Promise<number | undefined> {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  return new Promise((resolve) => {
    let status: number | undefined;
    const request = httpRequest(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': 't=1,v1=0', ...headers },
    });
    request.on('response', (response) => {
      status = response.statusCode;
      response.resume();
    });
    request.on('error', () => resolve(status));
    request.on('close', () => resolve(status));
    let left = bytes;
    const write = (): void => {
      while (left > 0 && !request.destroyed) {
        left -= chunk.length;
        if (!request.write(chunk)) {
          request.once('drain', write);
          return;
        }
      }
      request.end();
    };
    write();
  });
}

function permutations<T>(items: T[]): T[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
