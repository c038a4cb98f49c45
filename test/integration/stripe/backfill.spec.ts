import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Stripe from 'stripe';
import { FakeClock, startTestApp, type TestApp } from '../../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals, hostStripe } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { processEnv, runCommandProcess } from '../../setup/processes.js';
import { StripeEmulator } from '../../../src/stripe/emulator/index.js';
import { AccountRefresh } from '../../../src/stripe/webhooks/account-refresh.js';
import { CatchUpScheduler } from '../../../src/stripe/webhooks/catch-up-scheduler.js';
import { EventHandlers } from '../../../src/stripe/webhooks/event-handlers.js';
import type { OnboardingLinkDto } from '../../../src/affiliates/onboarding/onboarding.dto.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let clock: FakeClock;
let database: TestDatabase;
let stripe: StripeEmulator;
let api: TestApp;
let host: Stripe;

/** The emulator delivers nothing here, as if every webhook were lost. */
beforeEach(async () => {
  clock = new FakeClock(new Date('2026-12-01T12:00:00Z'));
  database = await createTestDatabase();
  stripe = await StripeEmulator.start({ now: () => clock.now() });
  await start();
  host = hostStripe(api);
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
  await stripe.close();
  await database.drop();
});

async function start(): Promise<void> {
  api = await startTestApp({ databaseUrl: database.url, clock, stripe });
  await tick();
}

/** The start's own pass may still be under way; this one is a whole pass after it. */
async function tick(): Promise<void> {
  await api.app.get(CatchUpScheduler).tick();
  await api.app.get(CatchUpScheduler).tick();
  await api.settle();
}

const completeUntil = async () =>
  (await api.database.prisma.stripeBackfill.findUnique({ where: { id: 1 } }))?.completeUntil;
const commissions = () => api.database.prisma.commission.count();
const storedTypes = async () =>
  (await api.database.prisma.stripeEvent.findMany({ orderBy: { type: 'asc' } })).map(({ type }) => type);

async function payingCustomer(userId: string, { unit_amount = 9900 } = {}): Promise<void> {
  const customer = await host.customers.create({ metadata: { userId } });
  const product = await host.products.create({ name: 'Pro' });
  const price = await host.prices.create({
    product: product.id,
    currency: 'usd',
    unit_amount,
    recurring: { interval: 'month' },
  });
  await host.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
}

/**
 * The emulator with something else written where this stands in its lists of events, which it cannot say itself; for reading
 * only. `asked` is every path that was asked for.
 */
async function rewritten(
  pattern: RegExp,
  by: (found: string) => string,
): Promise<{ url: string; asked: string[]; close(): Promise<void> }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.url));
    const { host: _host, connection: _connection, ...headers } = request.headers as Record<string, string>;
    fetch(`${stripe.url}${request.url}`, { headers })
      .then(async (answer) => {
        const text = (await answer.text()).replaceAll(pattern, by);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
      })
      .catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function typesIn(asked: string[]): Set<string> {
  const parameters = asked.flatMap((path) => [...new URL(path, stripe.url).searchParams]);
  return new Set(parameters.flatMap(([name, value]) => (name.startsWith('types[') ? value : [])));
}

describe('the backfill', () => {
  it('fetches only types that a handler takes, and writes down up to when nothing is missing', async () => {
    await affiliateWithReferrals(api, 'Lost', ['lost-1']);
    await payingCustomer('lost-1');
    await tick();
    expect(await commissions()).toBe(1);
    const types = await storedTypes();
    expect(types).toEqual(expect.arrayContaining(['customer.subscription.created', 'invoice.paid']));
    expect(types).not.toContain('product.created');
    expect(await completeUntil()).toEqual(clock.now());
  });

  it('goes on from the last complete moment less an hour, and changes nothing that is known', async () => {
    await affiliateWithReferrals(api, 'Overlap', ['overlap-1']);
    await payingCustomer('overlap-1');
    clock.advance(10 * 60_000);
    await tick();
    const late = { where: { type: 'customer.subscription.created' } };
    const known = () =>
      api.database.prisma.stripeEvent.findMany({ where: { NOT: late.where }, orderBy: { id: 'asc' } });
    const before = await known();
    // Stripe may show an event only after younger ones.
    await api.database.prisma.stripeEvent.deleteMany(late);
    clock.advance(30 * 60_000);
    await tick();
    expect(await known()).toEqual(before);
    expect(await api.database.prisma.stripeEvent.count(late)).toBe(1);
    expect(await completeUntil()).toEqual(clock.now());

    // What is older than the hour is not asked for again.
    clock.advance(2 * 60 * 60_000);
    await tick();
    await api.database.prisma.stripeEvent.deleteMany(late);
    await tick();
    expect(await storedTypes()).not.toContain('customer.subscription.created');
  });

  it('of a pass that dies goes on with the day it died in', async () => {
    await affiliateWithReferrals(api, 'Dies', ['dies-1', 'dies-2']);
    const begun = clock.now();
    await payingCustomer('dies-1');
    await api.close();
    clock.advance(20 * DAY_MS);
    await payingCustomer('dies-2');
    // Away, when some of the days are done.
    const days = { method: 'GET', path: '/v1/events' };
    stripe.faults.add({ kind: 'delay_ms', delayMs: 1, count: 5, ...days });
    stripe.faults.add({ kind: 'error_500', count: null, ...days });
    api = await startTestApp({ databaseUrl: database.url, clock, stripe });
    await eventually(async () => expect((await completeUntil())?.getTime()).toBeGreaterThan(begun.getTime()));
    await tick();
    const reached = await completeUntil();
    expect(reached?.getTime()).toBeLessThan(clock.now().getTime());
    expect(await commissions()).toBe(1);

    stripe.faults.clear();
    // Of a day that is done nothing is asked for again.
    await api.database.prisma.stripeEvent.deleteMany({ where: { type: 'customer.subscription.created' } });
    await tick();
    expect((await storedTypes()).filter((type) => type === 'customer.subscription.created')).toHaveLength(1);
    expect([await commissions(), await completeUntil()]).toEqual([2, clock.now()]);
  });

  it('stores numbers that nobody can read as what they are, and makes no commission of them', async () => {
    await affiliateWithReferrals(api, 'Unreadable', ['readable-1', 'unreadable-1']);
    await payingCustomer('readable-1');
    await payingCustomer('unreadable-1', { unit_amount: 4711 });
    const listed = await rewritten(/"total_excluding_tax": ?4711|"attempt_count": ?\d+/g, (found) =>
      found.replace(/\d+$/, '1e200000'),
    );
    try {
      await api.close();
      api = await startTestApp({ databaseUrl: database.url, clock, stripe, stripeUrl: listed.url });
      await api.app.get(CatchUpScheduler).tick();
      // Every type is asked for, though there are more than one question may name.
      expect(typesIn(listed.asked)).toEqual(new Set(api.app.get(EventHandlers).listedTypes));
      await eventually(async () => {
        expect(await commissions()).toBe(1);
        const where = { type: 'invoice.paid', status: 'pending' };
        // However often it was tried by now.
        const waiting = await api.database.prisma.stripeEvent.findMany({ where });
        expect(waiting).toMatchObject([{ lastError: expect.stringContaining('total_excluding_tax of invoice') }]);
      });
    } finally {
      await listed.close();
    }
    const stored = await api.database.prisma.stripeEvent.findMany({ where: { type: 'invoice.paid' } });
    const unreadable = { attempt_count: '\ufffd' };
    expect(stored.map(({ payload }) => payload)).toMatchObject(stored.map(() => ({ data: { object: unreadable } })));
  });

  it('takes no answer for complete that is no list', async () => {
    const before = await completeUntil();
    clock.advance(60 * 60_000);
    stripe.faults.add({ kind: 'bad_gateway_502', method: 'GET', path: '/v1/events', count: null, body: 'empty_json' });
    await tick();
    expect(await completeUntil()).toEqual(before);
  });

  it('asks for more than Stripe shows at once, page by page', async () => {
    const users = Array.from({ length: 60 }, (_, no) => `page-${no}`);
    await affiliateWithReferrals(api, 'Pages', users);
    for (const userId of users) await payingCustomer(userId);
    await tick();
    expect(await commissions()).toBe(60);
  });

  it('of a database that is older than what Stripe shows begins with what it shows', async () => {
    await affiliateWithReferrals(api, 'Old', ['old-1', 'old-2']);
    await payingCustomer('old-1');
    await api.close();
    clock.advance(45 * DAY_MS);
    await payingCustomer('old-2');
    await start();
    expect(await commissions()).toBe(1);
    expect(await completeUntil()).toEqual(clock.now());
  });
});

describe('accounts whose events did not arrive', () => {
  const accountOf = async (id: string) => api.database.prisma.affiliate.findUniqueOrThrow({ where: { id } });

  async function onboardUnheard(affiliateId: string): Promise<string> {
    await api.request<OnboardingLinkDto>('POST', `/v1/affiliates/${affiliateId}/onboarding-links`);
    const accountId = (await accountOf(affiliateId)).stripeAccountId ?? '';
    await fetch(`${stripe.url}/_emulator/accounts/${accountId}/complete-onboarding`, { method: 'POST' });
    return accountId;
  }

  it('are asked about: beginners by the hour, the others by the day', async () => {
    const { id } = await affiliateWithReferrals(api, 'Account', []);
    const accountId = await onboardUnheard(id);
    expect(await accountOf(id)).toMatchObject({ payoutsEnabled: false });
    await tick();
    expect(await accountOf(id)).toMatchObject({ payoutsEnabled: true, detailsSubmitted: true });

    await fetch(`${stripe.url}/_emulator/accounts/${accountId}/restrict`, { method: 'POST' });
    clock.advance(23 * 60 * 60_000);
    await tick();
    expect(await accountOf(id)).toMatchObject({ payoutsEnabled: true });
    clock.advance(60 * 60_000);
    await tick();
    expect(await accountOf(id)).toMatchObject({ payoutsEnabled: false });
    await fetch(`${stripe.url}/_emulator/accounts/${accountId}/complete-onboarding`, { method: 'POST' });
    clock.advance(60 * 60_000);
    await tick();
    expect(await accountOf(id)).toMatchObject({ payoutsEnabled: true });
  });

  it('are asked about in bounded numbers, the most overdue first', async () => {
    const plan = await api.database.prisma.plan.findFirstOrThrow();
    const seenAt = (no: number): Date => new Date(clock.now().getTime() - DAY_MS - no * 1000);
    await api.database.prisma.affiliate.createMany({
      data: Array.from({ length: 250 }, (_, no) => ({
        id: `aff_many_${no}`,
        userId: `many-${no}`,
        name: 'Many',
        country: 'US',
        status: 'active',
        planId: plan.id,
        stripeAccountId: `acct_many_${no}`,
        payoutsEnabled: true,
        stripeAccountSeenAt: seenAt(no),
        createdAt: clock.now(),
      })),
    });
    await api.database.prisma.affiliateCode.createMany({
      data: Array.from({ length: 250 }, (_, no) => ({
        code: `MANY-${no}`,
        affiliateId: `aff_many_${no}`,
        isCurrent: true,
        createdAt: clock.now(),
      })),
    });
    await api.database.prisma.affiliateAccount.createMany({
      data: Array.from({ length: 250 }, (_, no) => ({
        accountId: `acct_many_${no}`,
        affiliateId: `aff_many_${no}`,
        connectedAt: clock.now(),
      })),
    });
    await api.app.get(AccountRefresh).refreshDue();
    const unseen = await api.database.prisma.affiliate.findMany({
      where: { stripeAccountSeenAt: { lt: clock.now() } },
    });
    expect(unseen.map(({ id }) => id).sort()).toEqual(Array.from({ length: 50 }, (_, no) => `aff_many_${no}`).sort());
    await api.app.get(AccountRefresh).refreshDue();
    expect(await api.database.prisma.affiliate.count({ where: { stripeAccountSeenAt: { lt: clock.now() } } })).toBe(0);
  });
});

describe('npm run stripe:backfill', () => {
  it('fetches and processes what is missing, prints it, and ends with 0', async () => {
    // The command runs by the real clock.
    clock.set(new Date());
    await affiliateWithReferrals(api, 'Cli', ['cli-1']);
    await payingCustomer('cli-1');
    await api.close();
    api = await startTestApp({ databaseUrl: database.url, clock, stripe, background: false });
    const env = processEnv({ url: database.url, ownerUrl: database.ownerUrl }, stripe);
    const since = new Date(clock.now().getTime() - DAY_MS).toISOString();
    const first = await runCommandProcess('stripe-backfill', ['--since', since], env);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.output).toMatch(/│ invoice.paid +│ missing +│ processed/);
    expect(await commissions()).toBe(1);
    const second = await runCommandProcess('stripe-backfill', ['--since', since], env);
    expect(second).toMatchObject({ exitCode: 0 });
    expect(second.output).toContain('No event.');
    expect(await runCommandProcess('stripe-backfill', [], env)).toMatchObject({ exitCode: 2 });
  });
});
