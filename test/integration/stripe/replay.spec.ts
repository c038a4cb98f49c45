import type { Prisma } from '@prisma/client';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { processEnv, runCommandProcess } from '../../setup/processes.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';
import type { ReplayedEvent } from '../../../src/stripe/webhooks/event-processor.js';
import { EventReplay, type ReplaySelection } from '../../../src/stripe/webhooks/event-replay.js';

const ACT = { staffUserId: 'stf_1', reason: 'The handler was mended.' };

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp();
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

async function replay(selection: ReplaySelection): Promise<ReplayedEvent[]> {
  const events: ReplayedEvent[] = [];
  for await (const batch of api.app.get(EventReplay).replay(selection, ACT)) events.push(...batch);
  return events;
}

const stored = (id: unknown) => api.database.prisma.stripeEvent.findUniqueOrThrow({ where: { id: String(id) } });
const idOf = (event: Record<string, unknown>): string => String(event['id']);

/** An invoice of which a field is missing, as it stands in the inbox after the last try. */
async function failedInvoice(userId: string): Promise<{ id: string; mend: () => Promise<unknown> }> {
  const whole = eventOf(api, 'invoice.paid', paidInvoice(api, { userId }));
  const id = idOf(whole);
  const broken = { ...whole, data: { object: { ...(whole['data'] as { object: object }).object, total: null } } };
  await deliver(api, broken);
  await api.stripe.settle();
  const { stripeEvent } = api.database.prisma;
  await stripeEvent.update({
    where: { id },
    data: { status: 'failed', attempts: 12, lastError: 'TypeError: Cannot convert null to a BigInt' },
  });
  return { id, mend: () => stripeEvent.update({ where: { id }, data: { payload: whole as Prisma.InputJsonObject } }) };
}

describe('replaying events', () => {
  it('changes nothing where nothing changed', async () => {
    await affiliateWithReferrals(api, 'Same', ['same-1']);
    const event = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'same-1' }));
    await deliver(api, event);
    await api.settle();
    const before = await stored(event['id']);
    const balances = await api.database.prisma.balance.findMany();
    api.clock.advance(60_000);

    const selections = [{ eventId: idOf(event) }, { since: before.receivedAt }, { eventId: idOf(event) }];
    for (const selection of selections) {
      expect(await replay(selection)).toEqual([
        { id: event['id'], type: 'invoice.paid', before: 'processed', after: 'processed', error: null },
      ]);
    }
    expect(await stored(event['id'])).toEqual(before);
    expect(await api.database.prisma.journalEntry.count()).toBe(1);
    expect(await api.database.prisma.balance.findMany()).toEqual(balances);
  });

  it('processes a failed event once its cause is mended, keeping how many tries it took', async () => {
    await affiliateWithReferrals(api, 'Mended', ['mended-1']);
    const { id, mend } = await failedInvoice('mended-1');
    expect(await replay({ failed: true })).toMatchObject([{ id, before: 'failed', after: 'failed' }]);
    expect(await stored(id)).toMatchObject({ status: 'failed', attempts: 13 });
    await mend();
    expect(await replay({ failed: true })).toMatchObject([{ id, before: 'failed', after: 'processed', error: null }]);
    expect(await stored(id)).toMatchObject({ status: 'processed', attempts: 13, lastError: null });
    expect(await api.database.prisma.commission.count()).toBe(1);
    expect(await replay({ failed: true })).toEqual([]);
  });

  it('takes up a parked event when Stripe shows its object again', async () => {
    const event = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'parked-1' }), { api_version: '2019-05-16' });
    await deliver(api, event);
    await api.settle();
    expect(await replay({ failed: true })).toMatchObject([{ before: 'parked', after: 'parked' }]);
    const { payload } = await stored(event['id']);
    await api.database.prisma.stripeEvent.update({
      where: { id: idOf(event) },
      data: { payload: { ...(payload as object), api_version: eventOf(api, 'x', {})['api_version'] as string } },
    });
    expect(await replay({ failed: true })).toMatchObject([{ before: 'parked', after: 'processed' }]);
  });

  it('leaves processed what was, also where it cannot be read any more', async () => {
    await affiliateWithReferrals(api, 'Unread', ['unread-1']);
    const invoice = paidInvoice(api, { userId: 'unread-1' });
    const event = eventOf(api, 'invoice.paid', invoice);
    await deliver(api, event);
    await api.settle();
    const { id, status } = await stored(event['id']);
    expect(status).toBe('processed');
    const payload = { ...event, data: { object: { ...invoice, total: null } } } as Prisma.InputJsonObject;
    await api.database.prisma.stripeEvent.update({ where: { id }, data: { payload } });
    expect(await replay({ eventId: id })).toMatchObject([
      { before: 'processed', after: 'processed', error: expect.stringContaining('total') },
    ]);
    expect(await stored(id)).toMatchObject({ status: 'processed', lastError: null });
    expect(await api.database.prisma.commission.count()).toBe(1);
  });

  it("offers ignored events to today's handlers, and leaves those that can have no effect", async () => {
    await affiliateWithReferrals(api, 'Ignored', ['ignored-1']);
    const known = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'ignored-1' }));
    const forged = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'ignored-1' }), { account: 'acct_evil' });
    const live = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'ignored-1' }), { livemode: true });
    const unknown = eventOf(api, 'something.new', { id: 'x', object: 'something' });
    // A handler of former times has taken it: what that did stays done.
    const former = eventOf(api, 'something.old', { id: 'x', object: 'something' });
    for (const event of [known, forged, live, unknown, former]) {
      await api.database.prisma.stripeEvent.create({
        data: {
          id: idOf(event),
          type: String(event['type']),
          livemode: event['livemode'] === true,
          payload: event as Prisma.InputJsonObject,
          status: event === former ? 'processed' : 'ignored',
          receivedAt: api.clock.now(),
        },
      });
    }
    const results = await replay({ since: api.clock.now() });
    expect(Object.fromEntries(results.map(({ id, after }) => [id, after]))).toEqual({
      [idOf(known)]: 'processed',
      [idOf(forged)]: 'ignored',
      [idOf(live)]: 'ignored',
      [idOf(unknown)]: 'ignored',
      [idOf(former)]: 'processed',
    });
    expect((await stored(idOf(former))).status).toBe('processed');
    expect(await api.database.prisma.commission.count()).toBe(1);
  });

  it('goes through any number of events in batches, each once and only those received since', async () => {
    const { stripeEvent } = api.database.prisma;
    const receivedAt = api.clock.now();
    const row = (no: number, at: Date) => ({
      id: `evt_many_${no}`,
      type: 'something.new',
      livemode: false,
      payload: { object: 'event', id: `evt_many_${no}`, type: 'something.new', data: { object: {} } },
      status: 'ignored',
      receivedAt: at,
    });
    // Most have the same moment, so the position within it is what a batch goes on from.
    await stripeEvent.createMany({ data: Array.from({ length: 450 }, (_, no) => row(no, receivedAt)) });
    await stripeEvent.createMany({ data: [row(1000, new Date(receivedAt.getTime() - 1))] });
    const ids = (await replay({ since: receivedAt })).map(({ id }) => id);
    expect([ids.length, new Set(ids).size, ids.includes('evt_many_1000')]).toEqual([450, 450, false]);
  });

  it('is safe twice at once and beside the workers', async () => {
    const users = Array.from({ length: 10 }, (_, no) => `race-${no}`);
    await affiliateWithReferrals(api, 'Race', users);
    const since = api.clock.now();
    const delivered = Promise.all(
      users.map((userId) => deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId })))),
    );
    await Promise.all([delivered, replay({ since }), replay({ since }), replay({ since })]);
    await Promise.all([replay({ since }), replay({ since })]);
    await api.settle();
    expect(await api.database.prisma.commission.count()).toBe(10);
    expect(await api.database.prisma.journalEntry.count()).toBe(10);
  });

  it('of an event that is not stored is refused', async () => {
    await expect(replay({ eventId: 'evt_nobody' })).rejects.toMatchObject({ code: 'stripe_event_not_found' });
  });
});

describe('npm run stripe:replay', () => {
  const run = (args: string[]) =>
    runCommandProcess('stripe-replay', args, processEnv({ url: api.database.url, ownerUrl: api.ownerUrl }, api.stripe));

  it('prints a table, and ends with 0 only when every event ended as it should', async () => {
    await affiliateWithReferrals(api, 'Cli', ['cli-1']);
    const { id, mend } = await failedInvoice('cli-1');
    const failed = await run(['--failed']);
    expect(failed.exitCode).toBe(1);
    expect(failed.output).toMatch(new RegExp(`${id} +│ invoice.paid +│ failed +│ failed`));
    expect(failed.output).toContain(`${id}: UnreadableFieldError: total of invoice`);
    await mend();
    const mended = await run(['--event', id]);
    expect(mended.exitCode).toBe(0);
    expect(mended.output).toMatch(new RegExp(`${id} +│ invoice.paid +│ failed +│ processed`));
    expect(await api.database.prisma.commission.count()).toBe(1);
  });

  it('called wrongly says how it is called, and ends with 2', async () => {
    const calls = [[], ['--failed', '--since', '2026-12-01'], ['--since', 'december'], ['--all']];
    const wrong = await Promise.all(calls.map(run));
    expect(wrong.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2, 2]);
    for (const { output } of wrong) expect(output).toContain('Usage: npm run stripe:replay');
  });
});
