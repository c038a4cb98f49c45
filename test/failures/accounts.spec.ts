import Stripe from 'stripe';
import type { NoticePageDto } from '../../src/affiliates/notices/notice.dto.js';
import type { OnboardingLinkDto } from '../../src/affiliates/onboarding/onboarding.dto.js';
import type { PayoutDto, PayoutPageDto } from '../../src/payouts/payout.dto.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { EventProcessor } from '../../src/stripe/webhooks/event-processor.js';
import { accountIdOf, atStripe, noticesOf, onboardingOf } from '../setup/accounts.js';
import { FakeClock, startTestApp, type TestApp } from '../setup/app.js';
import { holdRequest } from '../setup/held-requests.js';
import { hostStripe, onboard } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { expectReconciled } from '../setup/reconciliation.js';
import { balancesOf, pay, sell } from '../setup/sales.js';
import { deliver, eventOf } from '../setup/webhooks.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let api: TestApp;

/** Goes on by a millisecond with every look at it, as a real clock does. */
class TickingClock extends FakeClock {
  override now(): Date {
    this.advance(1);
    return super.now();
  }
}

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectSoundLedger(api);
  await expectReconciled(api);
  await api.close();
});

/** An affiliate that has earned 40.00 and can be paid. */
async function affiliateOwed(name: string): Promise<{ id: string; accountId: string }> {
  const { affiliateId: id } = await sell(api, name, { total: 20_000 });
  await onboard(api, id);
  return { id, accountId: await accountIdOf(api, id) };
}

/** Runs a month's payouts on the 1st. A run that stops is another matter than what became of its payouts. */
async function run(period: string): Promise<void> {
  const cutOff = new Date(`${period}-01T06:00:00Z`);
  if (api.clock.now() < cutOff) api.clock.set(cutOff);
  await Promise.allSettled([api.app.get(PayoutRunsService).run({ period, cutOff })]);
  await api.settle();
}

const payoutsOf = async (affiliateId: string): Promise<PayoutDto[]> =>
  (await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliateId}`)).body.data;
const endsOf = async (affiliateId: string): Promise<unknown[]> =>
  (await payoutsOf(affiliateId)).map(({ period, status, failureCode }) => [period, status, failureCode]);
const transfersTo = async (destination: string): Promise<number[]> =>
  (await hostStripe(api).transfers.list({ destination, limit: 100 })).data.map(({ amount }) => amount);
const link = async (affiliateId: string): Promise<string> =>
  (await api.request<OnboardingLinkDto>('POST', `/v1/affiliates/${affiliateId}/onboarding-links`)).body.url;
const setBalance = (usd: number) =>
  fetch(`${api.stripe.url}/_emulator/balance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ usd }),
  });

describe('53 · an account that cannot be paid', () => {
  it.each([
    ['that Stripe restricted', 'restrict', 'complete-onboarding', 'account_restricted'],
    ['that the affiliate disconnected', 'deauthorize', 'reauthorize', 'account_gone'],
  ])('%s is skipped and told of, and paid in the next run once it is well', async (_, harm, mend, kind) => {
    const { id, accountId } = await affiliateOwed('Ill');
    await affiliateOwed('Well');
    await atStripe(api, accountId, harm);
    await run('2026-12');
    expect(await endsOf(id)).toEqual([['2026-12', 'canceled', 'account_restricted']]);
    expect(await transfersTo(accountId)).toEqual([]);
    expect(await balancesOf(api, id)).toMatchObject([{ payable: 4000, inPayout: 0, paid: 0 }]);
    expect(await noticesOf(api, id)).toMatchObject([{ kind, details: { accountId } }]);

    await atStripe(api, accountId, mend);
    expect(await onboardingOf(api, id)).toMatchObject({ status: 'complete', message: 'You can be paid.' });
    await run('2027-01');
    expect(await endsOf(id)).toEqual([
      ['2027-01', 'paid', null],
      ['2026-12', 'canceled', 'account_restricted'],
    ]);
    expect(await transfersTo(accountId)).toEqual([4000]);
    expect(await noticesOf(api, id)).toHaveLength(1);
  });

  it('is not what a key without the permission to ask tells of anybody: nothing is canceled, all is paid later', async () => {
    const affiliates = [await affiliateOwed('Anna'), await affiliateOwed('Ben')];
    for (const path of ['/v1/accounts/*', '/v2/core/accounts/*']) {
      api.stripe.faults.add({ kind: 'forbidden_403', method: 'GET', path, count: null });
    }
    await run('2026-12');
    for (const { id } of affiliates) {
      expect(await endsOf(id)).toEqual([['2026-12', 'pending', null]]);
      expect(await onboardingOf(api, id)).toMatchObject({ status: 'complete' });
      expect(await noticesOf(api, id)).toEqual([]);
    }
    api.stripe.faults.clear();
    api.clock.advance(DAY_MS);
    await run('2026-12');
    for (const { id, accountId } of affiliates) {
      expect(await endsOf(id)).toEqual([['2026-12', 'paid', null]]);
      expect(await transfersTo(accountId)).toEqual([4000]);
    }
  });
});

describe('54 · a thousand events of one account', () => {
  it('cost a few questions, and what is known in the end is how it ended', async () => {
    await api.close();
    api = await startTestApp({ clock: new TickingClock(new Date('2026-11-20T12:00:00Z')) });
    const { id, accountId } = await affiliateOwed('Storm');
    const account = await hostStripe(api).accounts.retrieve(accountId);
    const storm = () =>
      Promise.all(
        Array.from({ length: 500 }, () =>
          deliver(api, eventOf(api, 'account.updated', account, { account: accountId })),
        ),
      );
    let questions = 0;
    const sdk: { on(event: 'request', heard: (request: { path: string }) => void): void } = api.app.get(Stripe, {
      strict: false,
    });
    sdk.on('request', ({ path }) => {
      if (path.includes(`/accounts/${accountId}`)) questions += 1;
    });

    expect((await storm()).map(({ status }) => status)).toEqual(Array(500).fill(200));
    await atStripe(api, accountId, 'restrict');
    expect((await storm()).map(({ status }) => status)).toEqual(Array(500).fill(200));
    await api.settle();

    expect(await onboardingOf(api, id)).toMatchObject({ status: 'restricted', payoutsEnabled: false });
    expect(await noticesOf(api, id)).toMatchObject([{ kind: 'account_restricted' }]);
    expect(questions).toBeGreaterThan(0);
    expect(questions).toBeLessThan(50);
    const processed = { type: 'account.updated', status: 'processed' };
    expect(await api.database.prisma.stripeEvent.count({ where: processed })).toBeGreaterThanOrEqual(1000);
  });
});

describe('57 · a bank that sends the money back', () => {
  it('is told to the affiliate once, with what to do; nothing is transferred again', async () => {
    const { id, accountId } = await affiliateOwed('Bank');
    await run('2026-12');
    expect(await transfersTo(accountId)).toEqual([4000]);

    api.stripe.payBank(accountId, { amount: 1000, currency: 'usd' });
    const { id: bankPayoutId } = api.stripe.failBankPayout(accountId, { amount: 3000, currency: 'usd' }, 'no_account');
    await api.settle();
    const notice = {
      kind: 'bank_payout_failed',
      message:
        'Stripe could not pay 30.00 USD to your bank: the bank knows no such account. The money is safe in your Stripe ' +
        'balance and will not be sent a second time. Open a new onboarding link and put your bank account right; Stripe ' +
        'then tries again by itself.',
      details: { bankPayoutId, accountId, amount: 3000, currency: 'usd', failureCode: 'no_account' },
    };
    expect(await noticesOf(api, id)).toMatchObject([notice]);

    // The event again, and under another id, and replayed: it is one payout that failed once.
    const event = await api.database.prisma.stripeEvent.findFirstOrThrow({ where: { type: 'payout.failed' } });
    await deliver(api, event.payload);
    await deliver(api, { ...(event.payload as object), id: 'evt_twin' });
    await api.settle();
    await api.app.get(EventProcessor).replayBatch([event.id], null);
    expect(await noticesOf(api, id)).toHaveLength(1);

    await run('2027-01');
    expect(await transfersTo(accountId)).toEqual([4000]);
    expect(await endsOf(id)).toEqual([['2026-12', 'paid', null]]);
    expect(await balancesOf(api, id)).toMatchObject([{ payable: 0, inPayout: 0, paid: 4000 }]);
    const mine = await api.request<NoticePageDto>('GET', '/v1/me/notices', {
      token: api.token('affiliate', 'user-Bank'),
    });
    expect(mine.body.data).toEqual(await noticesOf(api, id));
  });

  it('is known to have done so whatever API version tells of it, and nobody is told of a stranger’s bank', async () => {
    const { id, accountId } = await affiliateOwed('Version');
    api.stripe.faults.addForWebhooks({ kind: 'drop' });
    const payout = api.stripe.failBankPayout(accountId, { amount: 500, currency: 'usd' });
    await api.stripe.settle();
    api.stripe.faults.clear();
    const old = { account: accountId, api_version: '2019-05-16' };
    await deliver(api, eventOf(api, 'payout.failed', { id: payout.id, object: 'payout' }, old));
    await deliver(api, eventOf(api, 'payout.failed', { ...payout, id: 'po_stranger' }, { account: 'acct_stranger' }));
    await deliver(api, eventOf(api, 'payout.failed', { ...payout, id: 'po_platform' }));
    await api.settle();
    expect(await noticesOf(api, id)).toMatchObject([
      { details: { bankPayoutId: payout.id, failureCode: 'account_closed' } },
    ]);
    expect(await api.database.prisma.affiliateNotice.count()).toBe(1);
  });
});

describe('58 · an account that is replaced', () => {
  it('keeps what was paid to it; what is reserved for it goes to the new one in the next run', async () => {
    const { id, accountId: first } = await affiliateOwed('Mover');
    await run('2026-12');
    await pay(api, {
      id: 'in_second',
      payment: 'pi_second',
      customer: 'cus_Mover',
      userId: 'user-of-Mover',
      total: 20_000,
    });
    // Reserved for the first account, and waiting: the platform has no money yet.
    await setBalance(0);
    await run('2027-01');
    expect(await endsOf(id)).toEqual([
      ['2027-01', 'pending', null],
      ['2026-12', 'paid', null],
    ]);

    await atStripe(api, first, 'deauthorize');
    expect(await onboardingOf(api, id)).toMatchObject({ status: 'closed', stripeAccountId: first });
    await onboard(api, id);
    const second = await accountIdOf(api, id);
    expect(second).not.toBe(first);
    await setBalance(1_000_000);
    api.clock.advance(DAY_MS);
    await run('2027-01');
    await run('2027-02');

    expect((await payoutsOf(id)).map(({ period, status }) => [period, status])).toEqual([
      ['2027-02', 'paid'],
      ['2027-01', 'canceled'],
      ['2026-12', 'paid'],
    ]);
    const destinations = await api.database.prisma.payout.findMany({
      where: { affiliateId: id },
      orderBy: { id: 'asc' },
    });
    expect(destinations.map(({ destination }) => destination)).toEqual([first, first, second]);
    expect(await transfersTo(second)).toEqual([4000]);
    expect(await balancesOf(api, id)).toMatchObject([{ payable: 0, inPayout: 0, paid: 8000 }]);
    expect((await onboardingOf(api, id)).accounts).toMatchObject([
      { stripeAccountId: second, replacedAt: null },
      { stripeAccountId: first, replacedAt: expect.any(String) as string },
    ]);
  });

  it('while Stripe is asked about the old one: that gets nothing, and the new one all in the next run', async () => {
    const { id, accountId: first } = await affiliateOwed('Late mover');
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v2/core/accounts/*', afterCommit: true });
    const running = run('2026-12');
    await question.arrived();
    await atStripe(api, first, 'deauthorize');
    api.clock.advance(1000);
    await onboard(api, id);
    const second = await accountIdOf(api, id);
    question.letGo();
    await running;
    expect(await endsOf(id)).toEqual([['2026-12', 'pending', null]]);
    api.clock.advance(DAY_MS);
    await run('2026-12');
    await run('2027-01');
    expect(await endsOf(id)).toEqual([
      ['2027-01', 'paid', null],
      ['2026-12', 'canceled', 'account_restricted'],
    ]);
    expect([await transfersTo(first), await transfersTo(second)]).toEqual([[], [4000]]);
  });

  it('still tells of its bank, and coming back does not make it the present one', async () => {
    const { id, accountId: first } = await affiliateOwed('Returner');
    await atStripe(api, first, 'deauthorize');
    api.clock.advance(1000);
    await onboard(api, id);
    const second = await accountIdOf(api, id);
    await atStripe(api, first, 'reauthorize');
    api.stripe.failBankPayout(first, { amount: 700, currency: 'usd' });
    await api.settle();
    expect(await accountIdOf(api, id)).toBe(second);
    expect((await noticesOf(api, id)).map(({ kind, details }) => [kind, details['accountId']])).toEqual([
      ['bank_payout_failed', first],
      ['account_gone', first],
    ]);
    await run('2026-12');
    expect([await transfersTo(first), await transfersTo(second)]).toEqual([[], [4000]]);
  });
});

describe('74 · an onboarding link that is passed on', () => {
  const visit = (url: string) => fetch(url, { redirect: 'manual' });

  it('opens once; each click mints another, and none is kept anywhere', async () => {
    const { affiliateId } = await sell(api, 'Shared');
    const links = [await link(affiliateId), await link(affiliateId), await link(affiliateId)];
    expect(new Set(links).size).toBe(3);
    const [first = '', second = '', third = ''] = links;
    expect((await visit(first)).status).toBe(200);

    // Whoever opens it afterwards comes to a page that says what to do, and to no account.
    const shared = await visit(first);
    expect([shared.status, shared.headers.get('location')]).toEqual([303, 'http://localhost:3000/onboarding/refresh']);
    const page = await api.request<string>('GET', '/onboarding/refresh', { token: '' });
    expect(page.text).toContain('each click makes a fresh one');
    expect(page.text).toContain('href="https://app.example.com/"');

    expect((await visit(second)).status).toBe(200);
    api.clock.advance(5 * 60_000);
    expect((await visit(third)).status).toBe(303);
    expect((await visit(await link(affiliateId))).status).toBe(200);

    for (const url of links) expect(await tablesThatHold(url.split('/').at(-1) ?? '')).toEqual([]);
  });

  it('is minted for whoever is signed in as the affiliate, and for nobody else', async () => {
    const { affiliateId } = await sell(api, 'Owner');
    await sell(api, 'Other');
    const path = `/v1/affiliates/${affiliateId}/onboarding-links`;
    expect((await api.request('POST', path, { token: '' })).status).toBe(401);
    expect((await api.request('POST', path, { token: api.token('affiliate', 'user-Other') })).status).toBe(403);
    await api.request('POST', '/v1/me/onboarding-links', { token: api.token('affiliate', 'user-Other') });
    expect(await onboardingOf(api, affiliateId)).toMatchObject({ status: 'not_started' });
  });

  /** The tables of which some row has this text in some column. */
  async function tablesThatHold(text: string): Promise<string[]> {
    const tables = await api.database.prisma.$queryRaw<{ name: string }[]>`
      SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema IN ('public', 'pgboss')`;
    expect(tables.length).toBeGreaterThan(20);
    const found: string[] = [];
    for (const { name } of tables) {
      const { rowCount } = await api.database.pool.query(`SELECT 1 FROM ${name} t WHERE t::text LIKE $1 LIMIT 1`, [
        `%${text}%`,
      ]);
      if (rowCount) found.push(name);
    }
    return found;
  }
});
