import { ClaimedEvents } from '../../../src/stripe/webhooks/claimed-events.js';
import { EventProcessor } from '../../../src/stripe/webhooks/event-processor.js';
import { EventWorker } from '../../../src/stripe/webhooks/event-worker.js';
import { WebhookInbox } from '../../../src/stripe/webhooks/webhook-inbox.js';
import type { InboundEvent } from '../../../src/stripe/webhooks/webhook-verifier.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { eventOf, paidInvoice } from '../../setup/webhooks.js';

/** Two processes that store events on one database; neither works on any, unless it is told to. */
let one: TestApp;
let other: TestApp;

beforeAll(async () => {
  one = await startTestApp({ background: false });
  other = await startTestApp({
    background: false,
    databaseUrl: one.database.url,
    clock: one.clock,
    stripe: one.stripe,
  });
});
afterAll(async () => {
  await other.close();
  await one.close();
});

async function store(api: TestApp, userId: string): Promise<string> {
  const event = eventOf(api, 'invoice.paid', paidInvoice(api, { userId }));
  await api.app.get(WebhookInbox).store({ event: event as unknown as InboundEvent, text: JSON.stringify(event) });
  return String(event['id']);
}

const take = async (api: TestApp): Promise<string[]> =>
  (await api.app.get(WebhookInbox).claimDue(10)).map(({ event }) => event.id).sort();
const stored = (id: string) => one.database.prisma.stripeEvent.findUniqueOrThrow({ where: { id } });
/** As after the claim has run out. */
const runOut = (id: string) => one.database.pool.query('UPDATE stripe_events SET due_at = now() WHERE id = $1', [id]);

describe('an event of the inbox', () => {
  it('is taken by one process, and by another once the claim has run out', async () => {
    const id = await store(one, 'claimed-1');
    expect(await take(one)).toEqual([id]);
    expect([await take(one), await take(other)]).toEqual([[], []]);
    await runOut(id);
    expect([await take(other), await take(one)]).toEqual([[id], []]);
  });

  it('is claimed by the process that stores it, where that works on events', async () => {
    one.app.get(ClaimedEvents).open(() => undefined);
    const id = await store(one, 'claimed-2');
    expect([await take(one), await take(other)]).toEqual([[], []]);
    expect(
      one.app
        .get(ClaimedEvents)
        .take(10)
        .map(({ event }) => event.id),
    ).toEqual([id]);
    await runOut(id);
    expect(await take(other)).toEqual([id]);
  });

  it('is left to the others by a process that ends in good order', async () => {
    const { app } = one;
    const worker = new EventWorker(app.get(WebhookInbox), app.get(ClaimedEvents), app.get(EventProcessor));
    app.get(ClaimedEvents).open(() => undefined);
    const ids = [await store(one, 'claimed-3'), await store(one, 'claimed-4')].sort();
    expect(await take(other)).toEqual([]);
    await worker.beforeApplicationShutdown();
    expect(await take(other)).toEqual(ids);
    // Nobody works here any more, so what is stored from now on is everybody's.
    const later = await store(one, 'claimed-5');
    expect(await take(other)).toEqual([later]);
  });

  it('is worked on at once where its insert was committed and not answered', async () => {
    one.app.get(ClaimedEvents).open(() => undefined);
    const { pool } = one.database;
    const query = pool.query.bind(pool) as (statement: unknown) => Promise<unknown>;
    const unanswered = async (statement: unknown): Promise<never> => {
      await query(statement);
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    };
    Object.assign(pool, {
      query: (statement: { name?: string }) =>
        (statement.name === 'store-stripe-events' ? unanswered : query)(statement),
    });
    await expect(store(one, 'claimed-7')).rejects.toThrow('ECONNRESET');
    Object.assign(pool, { query });
    one.app.get(ClaimedEvents).close();
    expect(await take(other)).toEqual([]);
    const [id, ...others] = await take(one);
    expect(others).toEqual([]);
    expect((await stored(id ?? '')).payload).toMatchObject({ data: { object: { customer: 'cus_claimed-7' } } });
  });

  it('that nobody claims any more is worked on by a process that starts', async () => {
    await affiliateWithReferrals(other, 'Claimed', ['claimed-6']);
    const id = await store(one, 'claimed-6');
    expect(await take(one)).toEqual([id]);
    const server = await startTestApp({ databaseUrl: one.database.url, clock: one.clock, stripe: one.stripe });
    await server.settle();
    expect(await stored(id)).toMatchObject({ status: 'processed', attempts: 0 });
    expect(await server.database.prisma.commission.count()).toBe(1);
    await expectSoundLedger(server);
    await server.close();
  });
});
