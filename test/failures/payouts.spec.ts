import type Stripe from 'stripe';
import { AuditLog } from '../../src/audit/audit-log.js';
import { DomainError } from '../../src/common/domain-error.js';
import { PayoutReservation } from '../../src/payouts/runs/payout-reservation.js';
import { PayoutRetry } from '../../src/payouts/runs/payout-retry.service.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { PayoutScheduler } from '../../src/payouts/runs/payout-scheduler.js';
import { RunDecisions } from '../../src/payouts/runs/run-decisions.service.js';
import { PayoutAttempts } from '../../src/payouts/sending/payout-attempts.js';
import { PayoutClaims } from '../../src/payouts/sending/payout-claims.js';
import { PayoutOutcomes } from '../../src/payouts/sending/payout-outcomes.js';
import { SendingHaltedError } from '../../src/payouts/sending/sending-halted.error.js';
import type { RequestFaultKind } from '../../src/stripe/emulator/index.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { eventually } from '../setup/eventually.js';
import { holdRequest } from '../setup/held-requests.js';
import { hostStripe } from '../setup/host.js';
import { expectKeptOutcomes, expectSoundLedger } from '../setup/ledger.js';
import {
  affiliateOwed,
  balanceOf,
  earn,
  failTransfers,
  onlyPayout,
  payoutsOf,
  runOf,
  runPeriod,
  setBalance,
  transfersOf,
} from '../setup/payday.js';
import { standStill } from '../setup/stand-still.js';

const HOUR_MS = 60 * 60 * 1000;
const MINUTE_MS = 60 * 1000;
const STAFF = { staffUserId: 'finance@example.com', reason: 'looked at' };

let api: TestApp;

const start = async (env: Record<string, string> = {}, now = '2026-11-20T12:00:00Z'): Promise<void> => {
  api = await startTestApp({ now, env });
};
afterEach(async () => {
  await expectSoundLedger(api);
  await expectKeptOutcomes(api);
  await api.close();
});

const decisions = (): RunDecisions => api.app.get(RunDecisions);
const suspend = (id: string) => api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'suspended' } });
/** What Stripe is asked for with the affiliate's only payout. */
const transferFor = async (affiliateId: string): Promise<Stripe.TransferCreateParams> => {
  const { id } = await onlyPayout(api, affiliateId);
  const { amountMinor, currency, destination } = await api.database.prisma.payout.findUniqueOrThrow({ where: { id } });
  return { amount: Number(amountMinor), currency, destination, transfer_group: id };
};
const runUnlessHalted = (period: string) =>
  runPeriod(api, period).catch((error: unknown) => expect(error).toBeInstanceOf(SendingHaltedError));
const sums = async (): Promise<[number, string][]> =>
  (await transfersOf(api)).map(({ amount, currency }): [number, string] => [amount, currency]).sort();

describe('42: a transfer that was made and whose answer got lost', () => {
  it.each<RequestFaultKind>([
    'rate_limited_429',
    'unauthorized_401',
    'idempotency_error',
    'refused_400',
    'balance_insufficient',
  ])(
    'is found and never given back, though the next try is answered by %s and the affiliate is suspended',
    async (kind) => {
      await start();
      const id = await affiliateOwed(api, 'lost', 3000);
      failTransfers(api, 'drop_before', 2);
      await runPeriod(api, '2026-12');
      expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending', attempts: 1 });
      // It was made after all, and its key is known no more.
      await hostStripe(api).transfers.create(await transferFor(id));
      failTransfers(api, kind, null);
      api.clock.advance(MINUTE_MS);
      await runUnlessHalted('2026-12');
      expect(await onlyPayout(api, id)).toMatchObject({ attempts: 2 });
      api.stripe.faults.clear();
      await suspend(id);
      api.clock.advance(HOUR_MS);
      await runPeriod(api, '2026-12');
      expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid' });
      expect(await sums()).toEqual([[3000, 'usd']]);
      expect(await balanceOf(api, id)).toMatchObject([{ payable: 0, inPayout: 0, paid: 3000 }]);
    },
  );

  it.each([
    ['restricted', 'is not given back'],
    ['well', 'is not asked for again'],
  ])('by another process while this one took long to find the account %s: it %s', async (found) => {
    await start();
    const id = await affiliateOwed(api, 'late', 3000);
    const { stripeAccountId } = (await api.request<{ stripeAccountId: string }>('GET', `/v1/affiliates/${id}`)).body;
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v2/core/accounts/*' });
    const first = runPeriod(api, '2026-12');
    await question.arrived();
    // Its claim has run out: another one takes the payout over, and finds the account well.
    api.clock.advance(MINUTE_MS);
    failTransfers(api, 'drop_after_commit', 2);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending', attempts: 1 });
    if (found === 'restricted') {
      await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/restrict`, { method: 'POST' });
    }
    question.letGo();
    await first;
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending', attempts: 1 });
    api.clock.advance(HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid' });
    expect(await sums()).toEqual([[3000, 'usd']]);
  });

  it('is unknown from the moment at which it is sent again, whatever an earlier request of it is told by then', async () => {
    await start({ PAYOUT_APPROVAL: 'manual' });
    await affiliateOwed(api, 'again', 3000);
    const { id: runId } = await runPeriod(api, '2026-12');
    await decisions().approve('2026-12', STAFF);
    const [claims, attempts] = [api.app.get(PayoutClaims), api.app.get(PayoutAttempts)];
    const send = async () => {
      const [claimed] = await claims.claim(runId, null);
      const sent = claimed && (await attempts.intend(claimed));
      api.clock.advance(MINUTE_MS);
      return sent!;
    };
    const outcomes = async () =>
      (await api.database.prisma.payoutAttempt.findMany()).map(({ outcome, resolvedAt }) => [outcome, resolvedAt]);
    const first = await send();
    await attempts.resolve(first, 'busy', 'too fast');
    // The process dies right after it sent once more; another one that was still waiting for its answer gets it now.
    await send();
    expect(await outcomes()).toEqual([['unknown', null]]);
    await attempts.resolve(first, 'busy', 'too fast');
    expect(await outcomes()).toEqual([['unknown', null]]);
  });

  it('and which was sent again is not followed by another attempt before that request can arrive no more', async () => {
    await start();
    const id = await affiliateOwed(api, 'late', 3000);
    failTransfers(api, 'drop_before', 2);
    await runPeriod(api, '2026-12');
    // The key is trusted for one more minute.
    api.clock.advance(20 * HOUR_MS - MINUTE_MS);
    failTransfers(api, 'drop_before', 2);
    await runPeriod(api, '2026-12');
    api.clock.advance(9 * MINUTE_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending', attempts: 2 });
    api.clock.advance(MINUTE_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 3 });
    expect(await sums()).toEqual([[3000, 'usd']]);
  });

  it('after another process had looked for it in vain is not followed by a second one under another key', async () => {
    await start();
    const id = await affiliateOwed(api, 'crossed', 3000);
    failTransfers(api, 'drop_before', 2);
    await runPeriod(api, '2026-12');
    api.clock.advance(19 * HOUR_MS);
    // This one trusts the key, and is about to send again …
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v2/core/accounts/*' });
    const sending = runPeriod(api, '2026-12');
    await question.arrived();
    // … while another one, whose clock is an hour ahead, has to look first. It is told that there is nothing.
    api.clock.advance(HOUR_MS);
    const search = holdRequest(api.stripe, { method: 'GET', path: '/v1/transfers', afterCommit: true });
    const looking = runPeriod(api, '2026-12');
    await search.arrived();
    api.clock.advance(-HOUR_MS);
    failTransfers(api, 'drop_after_commit', 2);
    question.letGo();
    await eventually(async () => expect(api.stripe.faults.pending().requests).toEqual([]));
    search.letGo();
    await Promise.all([sending, looking]);
    expect(await sums()).toEqual([[3000, 'usd']]);
    api.clock.advance(2 * HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 2 });
    expect(await sums()).toEqual([[3000, 'usd']]);
  });
});

describe('44: an idempotency_error', () => {
  beforeEach(() => start({ PAYOUT_APPROVAL: 'manual' }));

  it('halts the run with its reason, returns nothing, and starts again with that payout alone', async () => {
    const first = await affiliateOwed(api, 'first', 3000);
    const second = await affiliateOwed(api, 'second', 4000);
    await runPeriod(api, '2026-12');
    const { id } = await onlyPayout(api, first);
    // A database that was restored from a backup would do this: the key is known at Stripe with other parameters.
    const { stripeAccountId } = (await api.request<{ stripeAccountId: string }>('GET', `/v1/affiliates/${second}`))
      .body;
    const foreign = await hostStripe(api).transfers.create(
      { amount: 1, currency: 'usd', destination: stripeAccountId },
      { idempotencyKey: `${id}:1` },
    );
    await decisions().approve('2026-12', STAFF);
    await expect(runPeriod(api, '2026-12')).rejects.toThrow(SendingHaltedError);
    expect(await onlyPayout(api, first)).toMatchObject({ status: 'pending', failureCode: null });
    expect(await balanceOf(api, first)).toMatchObject([{ payable: 0, inPayout: 3000, paid: 0 }]);
    const halted = await runOf(api);
    expect(halted).toMatchObject({
      status: 'sending',
      haltedReason: expect.stringContaining('StripeIdempotencyError') as string,
    });

    // Nothing else is sent while nobody has looked, however often the run is taken up.
    const third = await affiliateOwed(api, 'third', 5000);
    const sent = (await transfersOf(api)).length;
    for (let tries = 0; tries < 3; tries++) {
      api.clock.advance(MINUTE_MS);
      await expect(runPeriod(api, '2026-12')).rejects.toThrow(SendingHaltedError);
    }
    expect(await transfersOf(api)).toHaveLength(sent);
    expect(await payoutsOf(api, third)).toEqual([]);

    // The stranger under the key is gone after a day; by then the payout is looked up, and not found.
    api.clock.advance(25 * HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({ status: 'completed', haltedReason: null });
    const paid = await onlyPayout(api, first);
    expect(paid).toMatchObject({ status: 'paid', attempts: 5 });
    const ours = (await transfersOf(api)).filter((transfer) => transfer.id !== foreign.id);
    expect(ours.map(({ amount }) => amount).sort()).toEqual([3000, 4000]);
  });
});

describe('44: an idempotency_error of a payout whose own transfer is under the key', () => {
  it('says nothing of what was done: it is found, and never given back', async () => {
    await start({ PAYOUT_APPROVAL: 'manual' });
    const id = await affiliateOwed(api, 'restored', 3000);
    await runPeriod(api, '2026-12');
    // Sent before the database was restored from a backup, by a version that described it otherwise.
    const transfer = await transferFor(id);
    await hostStripe(api).transfers.create(
      { ...transfer, description: 'before' },
      { idempotencyKey: `${transfer.transfer_group}:1` },
    );
    await decisions().approve('2026-12', STAFF);
    await expect(runPeriod(api, '2026-12')).rejects.toThrow(SendingHaltedError);
    await suspend(id);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 1 });
    expect(await sums()).toEqual([[3000, 'usd']]);
  });
});

describe('a key of Stripe that may not ask about accounts', () => {
  it('halts the run: nobody is taken for restricted, and all are paid once the key is right', async () => {
    await start();
    const ids = [await affiliateOwed(api, 'one', 3000), await affiliateOwed(api, 'two', 4000)];
    api.stripe.faults.add({ kind: 'forbidden_403', method: 'GET', path: '/v2/core/accounts/*', count: null });
    await expect(runPeriod(api, '2026-12')).rejects.toThrow(SendingHaltedError);
    for (const id of ids) expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending', attempts: 0 });
    api.stripe.faults.clear();
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({ status: 'completed', haltedReason: null, skipped: [] });
    for (const id of ids) expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 1 });
  });
});

describe('45 and 82: a currency without funds', () => {
  beforeEach(() => start());

  it('waits as a whole after one refusal, the others go out, and so does a later period', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) await affiliateOwed(api, `poor-${name}`, 3000);
    await affiliateOwed(api, 'rich', 3000, { currency: 'eur' });
    await setBalance(api, { usd: 2999, eur: 100_000 });
    await runPeriod(api, '2026-12');
    expect(await sums()).toEqual([[3000, 'eur']]);
    expect(await runOf(api)).toMatchObject({
      status: 'waiting_for_funds',
      progress: { payouts: 7, pending: 6, paid: 1, failed: 0, canceled: 0 },
    });
    const refusals = await api.database.prisma.payoutAttempt.count({ where: { outcome: 'insufficient_funds' } });
    api.clock.advance(HOUR_MS);
    await runPeriod(api, '2026-12');
    // While the balance is not there nothing is asked for again.
    expect(await api.database.prisma.payoutAttempt.count({ where: { outcome: 'insufficient_funds' } })).toBe(refusals);

    await earn(api, 'rich', 4000, { currency: 'eur', paidAt: new Date('2026-12-10T12:00:00Z') });
    await runPeriod(api, '2027-01');
    expect(await sums()).toEqual([
      [3000, 'eur'],
      [4000, 'eur'],
    ]);

    await setBalance(api, { usd: 9000 });
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({ status: 'waiting_for_funds', progress: { pending: 3, paid: 4 } });
    await setBalance(api, { usd: 9000 });
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [
        { currency: 'eur', count: 1, amount: 3000 },
        { currency: 'usd', count: 6, amount: 18_000 },
      ],
    });
    expect((await sums()).filter(([, currency]) => currency === 'usd')).toHaveLength(6);
  });

  it('that the platform has never held is skipped as unavailable, not waited for, until Stripe lists it', async () => {
    const dinar = await affiliateOwed(api, 'dinar', 30_000, { currency: 'kwd' });
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [],
      skipped: [{ reason: 'currency_unavailable', count: 1 }],
    });
    await setBalance(api, { kwd: 0 });
    await runPeriod(api, '2027-01');
    expect(await runOf(api, '2027-01')).toMatchObject({ status: 'waiting_for_funds' });
    await setBalance(api, { kwd: 30_000 });
    await runPeriod(api, '2027-01');
    expect(await onlyPayout(api, dinar)).toMatchObject({ status: 'paid', period: '2027-01', amount: 30_000 });
  });

  it('can be given up: what was not sent is payable again and goes into the next run', async () => {
    const poor = await affiliateOwed(api, 'poor', 3000);
    const rich = await affiliateOwed(api, 'rich', 3000, { currency: 'eur' });
    await setBalance(api, { usd: 0 });
    await runPeriod(api, '2026-12');
    await decisions().cancel('2026-12', STAFF);
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [{ currency: 'eur', count: 1, amount: 3000 }],
      decision: { made: 'canceled', by: STAFF.staffUserId, reason: STAFF.reason },
    });
    expect(await onlyPayout(api, poor)).toMatchObject({ status: 'canceled', failureCode: 'run_canceled' });
    expect(await balanceOf(api, poor)).toMatchObject([{ payable: 3000, inPayout: 0 }]);
    expect(await onlyPayout(api, rich)).toMatchObject({ status: 'paid' });
    await setBalance(api, { usd: 3000 });
    await runPeriod(api, '2027-01');
    expect((await payoutsOf(api, poor)).map(({ status }) => status)).toEqual(['paid', 'canceled']);
  });

  it('does not keep what had no answer before from being asked for again, and found', async () => {
    const lost = await affiliateOwed(api, 'lost', 3000);
    failTransfers(api, 'drop_after_commit', 2);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, lost)).toMatchObject({ status: 'pending', attempts: 1 });
    const poor = await affiliateOwed(api, 'poor', 4000);
    await setBalance(api, { usd: 0 });
    await runPeriod(api, '2027-01');
    expect(await runOf(api, '2027-01')).toMatchObject({ status: 'waiting_for_funds' });
    api.clock.advance(HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, lost)).toMatchObject({ status: 'paid', attempts: 2 });
    expect(await runOf(api)).toMatchObject({ status: 'completed' });
    expect(await onlyPayout(api, poor)).toMatchObject({ status: 'pending' });
    expect(await sums()).toEqual([[3000, 'usd']]);
  });

  it('given up while a payout is about to be sent after all: it is not, though nothing is returned yet', async () => {
    const poor = await affiliateOwed(api, 'poor', 3000);
    await setBalance(api, { usd: 0 });
    await runPeriod(api, '2026-12');
    await setBalance(api, { usd: 3000 });
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v2/core/accounts/*' });
    const sending = runPeriod(api, '2026-12');
    await question.arrived();
    const returning = standStill(decisions(), 'finishCanceling');
    const canceling = decisions().cancel('2026-12', STAFF);
    await returning.arrived;
    question.letGo();
    await sending;
    expect(await transfersOf(api)).toEqual([]);
    returning.letGo();
    await canceling;
    expect(await onlyPayout(api, poor)).toMatchObject({ status: 'canceled', failureCode: 'run_canceled' });
    expect(await balanceOf(api, poor)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
  });

  it('cannot be given up while nobody knows what became of a transfer', async () => {
    const id = await affiliateOwed(api, 'under way', 3000);
    await setBalance(api, { usd: 0 });
    await runPeriod(api, '2026-12');
    await setBalance(api, { usd: 3000 });
    const request = holdRequest(api.stripe, { method: 'POST', path: '/v1/transfers', afterCommit: true });
    const sending = runPeriod(api, '2026-12');
    await request.arrived();
    expect(await runOf(api)).toMatchObject({ status: 'waiting_for_funds' });
    await expect(decisions().cancel('2026-12', STAFF)).rejects.toMatchObject({
      code: 'payouts_unresolved',
      details: { count: 1 },
    });
    request.letGo();
    await sending;
    expect(await runOf(api)).toMatchObject({ status: 'completed', decision: null });
    expect(await balanceOf(api, id)).toMatchObject([{ payable: 0, inPayout: 0, paid: 3000 }]);
    expect(await sums()).toEqual([[3000, 'usd']]);
  });

  it('is completed when it is given up, also where all that it paid has come back since', async () => {
    const poor = await affiliateOwed(api, 'poor', 3000);
    const rich = await affiliateOwed(api, 'rich', 3000, { currency: 'eur' });
    await setBalance(api, { usd: 0 });
    await runPeriod(api, '2026-12');
    await hostStripe(api).transfers.createReversal((await onlyPayout(api, rich)).stripeTransferId as string);
    await api.settle();
    expect(await onlyPayout(api, rich)).toMatchObject({ status: 'reversed' });
    await decisions().cancel('2026-12', STAFF);
    expect(await runOf(api)).toMatchObject({ status: 'completed', decision: { made: 'canceled' } });
    await setBalance(api, { usd: 3000 });
    expect(await api.app.get(PayoutRetry).retryFailed('2026-12', STAFF)).toBe(1);
    await runPeriod(api, '2026-12');
    expect((await payoutsOf(api, poor)).map(({ status }) => status)).toEqual(['paid', 'canceled']);
  });

  it('given up and tried again loses nothing of that to the process that was late to end it', async () => {
    const poor = await affiliateOwed(api, 'poor', 3000);
    await affiliateOwed(api, 'rich', 3000, { currency: 'eur' });
    await setBalance(api, { usd: 0 });
    await runPeriod(api, '2026-12');
    const late = standStill(decisions(), 'finishCanceling');
    const canceling = decisions().cancel('2026-12', STAFF);
    await late.arrived;
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({ status: 'completed' });
    await setBalance(api, { usd: 6000 });
    await api.app.get(PayoutRetry).retryFailed('2026-12', STAFF);
    failTransfers(api, 'drop_after_commit', 2);
    await runPeriod(api, '2026-12');
    late.letGo();
    await canceling;
    expect(await runOf(api)).toMatchObject({ status: 'sending', progress: { pending: 1 } });
    expect(await balanceOf(api, poor)).toMatchObject([{ payable: 0, inPayout: 3000 }]);
    api.clock.advance(HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({ status: 'completed' });
    expect((await payoutsOf(api, poor)).map(({ status }) => status)).toEqual(['paid', 'canceled']);
    expect(await sums()).toEqual([
      [3000, 'eur'],
      [3000, 'usd'],
    ]);
  });
});

describe('49: the moment of a run', () => {
  it.each([
    ['New York, winter', 'America/New_York', '2026-12-01T11:00:00Z'],
    ['New York, summer', 'America/New_York', '2027-06-01T10:00:00Z'],
    ['Kiritimati, the day before in UTC', 'Pacific/Kiritimati', '2026-12-31T16:00:00Z'],
  ])('is 06:00 on the 1st in %s: not a second before, and its cut-off is that moment', async (_title, zone, at) => {
    const planned = new Date(at);
    await start({ PAYOUT_TIMEZONE: zone }, new Date(planned.getTime() - 24 * HOUR_MS).toISOString());
    await api.database.prisma.installation.create({ data: { id: 1, installedAt: api.clock.now() } });
    const id = await affiliateOwed(api, 'somewhere', 3000);
    await earn(api, 'somewhere', 5000, { paidAt: new Date(planned.getTime() + 1000) });
    api.clock.set(new Date(planned.getTime() - 1000));
    await api.app.get(PayoutScheduler).tick();
    expect(await payoutsOf(api, id)).toEqual([]);
    api.clock.set(planned);
    await api.app.get(PayoutScheduler).tick();
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', amount: 3000 });
    expect((await api.database.prisma.payoutRun.findFirstOrThrow()).cutOff).toEqual(planned);
  });
});

describe('53: a payout that failed or was canceled', () => {
  beforeEach(() => start());

  it('is made anew in the same run by --retry-failed, from what is unlined today, once', async () => {
    const refused = await affiliateOwed(api, 'refused', 3000);
    const restricted = await affiliateOwed(api, 'restricted', 4000);
    const suspended = await affiliateOwed(api, 'suspended', 5000);
    const { stripeAccountId } = (await api.request<{ stripeAccountId: string }>('GET', `/v1/affiliates/${restricted}`))
      .body;
    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/restrict`, { method: 'POST' });
    failTransfers(api, 'refused_400', 2);
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [],
      skipped: [{ reason: 'account_restricted', count: 1 }],
      progress: { payouts: 3, pending: 0, paid: 0, failed: 2, canceled: 1 },
    });
    // Run again without a word, nothing is tried again in its period.
    await runPeriod(api, '2026-12');
    expect(await transfersOf(api)).toEqual([]);

    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/complete-onboarding`, { method: 'POST' });
    await suspend(suspended);
    // A sale after the cut-off belongs to the next period.
    await earn(api, 'refused', 700, { paidAt: new Date('2026-12-02T00:00:00Z') });
    await api.settle();
    const made = await Promise.all([
      api.app.get(PayoutRetry).retryFailed('2026-12', STAFF),
      api.app.get(PayoutRetry).retryFailed('2026-12', STAFF),
    ]);
    expect(made.sort()).toEqual([0, 2]);
    expect((await runOf(api)).status).toBe('sending');
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [{ currency: 'usd', count: 2, amount: 7000 }],
      skipped: [{ reason: 'suspended', count: 1 }],
    });
    expect((await payoutsOf(api, refused)).map(({ status, amount }) => [status, amount])).toEqual([
      ['paid', 3000],
      ['failed', 3000],
    ]);
    expect(await sums()).toEqual([
      [3000, 'usd'],
      [4000, 'usd'],
    ]);
    expect(await balanceOf(api, refused)).toMatchObject([{ payable: 700, paid: 3000 }]);
    expect(await api.app.get(PayoutRetry).retryFailed('2026-12', STAFF)).toBe(0);
    await expect(api.app.get(PayoutRetry).retryFailed('2026-11', STAFF)).rejects.toMatchObject({
      code: 'payout_run_not_found',
    });
  });

  it('keeps the run open when it is made anew while the last of the others is paid', async () => {
    const ids = [await affiliateOwed(api, 'one', 3000), await affiliateOwed(api, 'two', 4000)];
    failTransfers(api, 'refused_400');
    failTransfers(api, 'rate_limited_429');
    await runPeriod(api, '2026-12');
    api.clock.advance(15 * MINUTE_MS);
    const sending = holdRequest(api.stripe, { method: 'POST', path: '/v1/transfers' });
    const running = runPeriod(api, '2026-12');
    await sending.arrived();
    const audit = standStill(api.app.get(AuditLog), 'record');
    const retrying = api.app.get(PayoutRetry).retryFailed('2026-12', STAFF);
    await audit.arrived;
    sending.letGo();
    await eventually(async () => {
      const waiting = await api.database.prisma.$queryRaw<unknown[]>`
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%payout_runs%'`;
      expect(waiting).toHaveLength(1);
    });
    audit.letGo();
    expect(await retrying).toBe(1);
    expect(await running).toMatchObject({ status: 'sending' });
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({ status: 'completed', totals: [{ count: 2, amount: 7000 }] });
    for (const id of ids) expect((await payoutsOf(api, id))[0]).toMatchObject({ status: 'paid' });
  });
});

describe('59: a request that comes too fast', () => {
  it('is sent again after a pause with the same key, however often, and makes one transfer', async () => {
    await start();
    const id = await affiliateOwed(api, 'hasty', 3000);
    failTransfers(api, 'rate_limited_429', 3);
    failTransfers(api, 'lock_timeout', 2);
    for (let tries = 0; tries < 6; tries++) {
      await runPeriod(api, '2026-12');
      api.clock.advance(15 * MINUTE_MS);
    }
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 6 });
    expect(await transfersOf(api)).toHaveLength(1);
    expect(await api.database.prisma.payoutAttempt.count()).toBe(1);
  });
});

describe('78: a run that waits for approval', () => {
  beforeEach(() => start({ PAYOUT_APPROVAL: 'manual' }));

  it('pays days later what is still right: the suspended one is cancelled, his money returned', async () => {
    const suspended = await affiliateOwed(api, 'suspended', 3000);
    const good = await affiliateOwed(api, 'good', 4000);
    await runPeriod(api, '2026-12');
    api.clock.advance(3 * 24 * HOUR_MS);
    await suspend(suspended);
    await decisions().approve('2026-12', STAFF);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, suspended)).toMatchObject({
      status: 'canceled',
      failureCode: 'suspended',
      attempts: 0,
    });
    expect(await balanceOf(api, suspended)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await onlyPayout(api, good)).toMatchObject({ status: 'paid' });
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [{ currency: 'usd', count: 1, amount: 4000 }],
      skipped: [{ reason: 'suspended', count: 1 }],
      decision: { made: 'approved', by: STAFF.staffUserId },
    });
    await expect(decisions().approve('2026-12', STAFF)).rejects.toMatchObject({ code: 'payout_run_not_waiting' });
  });

  it('that is cancelled sends nothing and returns everything, also by the next process after a crash', async () => {
    const ids = [await affiliateOwed(api, 'one', 3000), await affiliateOwed(api, 'two', 4000)];
    await runPeriod(api, '2026-12');
    // The process died right after the decision, before anything was returned.
    await api.database.prisma.payoutRun.update({ where: { period: '2026-12' }, data: { status: 'canceled' } });
    expect((await runOf(api)).progress).toMatchObject({ pending: 2, canceled: 0 });
    await api.app.get(PayoutScheduler).tick();
    expect(await runOf(api)).toMatchObject({ status: 'canceled', totals: [] });
    for (const id of ids) expect(await onlyPayout(api, id)).toMatchObject({ status: 'canceled' });
    expect(await transfersOf(api)).toEqual([]);
    await runPeriod(api, '2026-12');
    expect(await transfersOf(api)).toEqual([]);
    await expect(decisions().approve('2026-12', STAFF)).rejects.toThrow(DomainError);
    await runPeriod(api, '2027-01');
    await decisions().approve('2027-01', STAFF);
    await runPeriod(api, '2027-01');
    expect(await sums()).toEqual([
      [3000, 'usd'],
      [4000, 'usd'],
    ]);
  });

  it('that is cancelled stays so when a process that was late has reserved it, too', async () => {
    const id = await affiliateOwed(api, 'late', 3000);
    const reservation = api.app.get(PayoutReservation);
    const reserveAll = reservation.reserveAll.bind(reservation);
    let letGo = (): void => undefined;
    const standstill = new Promise<void>((resolve) => (letGo = resolve));
    const isLate = new Promise<void>((resolve) => {
      reservation.reserveAll = async (run) => {
        reservation.reserveAll = reserveAll;
        await reserveAll(run);
        resolve();
        await standstill;
      };
    });
    const late = runPeriod(api, '2026-12');
    await isLate;
    await runPeriod(api, '2026-12');
    await decisions().cancel('2026-12', STAFF);
    letGo();
    await late;
    expect(await runOf(api)).toMatchObject({ status: 'canceled', decision: { made: 'canceled' } });
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'canceled' });
  });

  it('again, since a payout is made anew, says how to end it while a transfer of it may be on its way', async () => {
    await affiliateOwed(api, 'refused', 3000);
    const lost = await affiliateOwed(api, 'lost', 4000);
    const { stripeAccountId } = (await api.request<{ stripeAccountId: string }>('GET', `/v1/affiliates/${lost}`)).body;
    await runPeriod(api, '2026-12');
    await decisions().approve('2026-12', STAFF);
    const account = `/v2/core/accounts/${stripeAccountId}`;
    api.stripe.faults.add({ kind: 'error_500', method: 'GET', path: account, count: null });
    failTransfers(api, 'refused_400');
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({ status: 'sending', progress: { pending: 1, failed: 1 } });
    api.stripe.faults.clear();
    failTransfers(api, 'drop_after_commit', 2);
    api.clock.advance(HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await api.app.get(PayoutRetry).retryFailed('2026-12', STAFF)).toBe(1);
    expect(await runOf(api)).toMatchObject({ status: 'awaiting_approval', progress: { pending: 2 } });
    await expect(decisions().cancel('2026-12', STAFF)).rejects.toMatchObject({
      code: 'payouts_unresolved',
      message: expect.stringContaining('approve the run first') as string,
    });
    await decisions().approve('2026-12', STAFF);
    api.clock.advance(HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({ status: 'completed', progress: { paid: 2 } });
    expect(await sums()).toEqual([
      [3000, 'usd'],
      [4000, 'usd'],
    ]);
  });

  it('that is approved and cancelled at the same moment is one of both, and the money agrees', async () => {
    const id = await affiliateOwed(api, 'torn', 3000);
    await runPeriod(api, '2026-12');
    const results = await Promise.allSettled([
      decisions().approve('2026-12', STAFF),
      decisions().cancel('2026-12', STAFF),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await runPeriod(api, '2026-12');
    const { status } = await onlyPayout(api, id);
    expect(await transfersOf(api)).toHaveLength(status === 'paid' ? 1 : 0);
    expect(await balanceOf(api, id)).toMatchObject([status === 'paid' ? { paid: 3000 } : { payable: 3000 }]);
  });
});

describe('79: a key of Stripe that is replaced between two tries', () => {
  const replaceKey = async (): Promise<void> => {
    await api.database.prisma.payoutAttempt.updateMany({ data: { credentialId: 'the key before' } });
  };

  it('makes the payout looked up and adopted, not sent again and not failed', async () => {
    await start();
    const id = await affiliateOwed(api, 'adopted', 3000);
    failTransfers(api, 'drop_after_commit', 2);
    await runPeriod(api, '2026-12');
    await replaceKey();
    api.clock.advance(MINUTE_MS);
    // What another key asked for may be unknown to this one: a second request would make a second transfer.
    failTransfers(api, 'refused_400', null);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 1 });
    expect(await transfersOf(api)).toHaveLength(1);
  });

  it('makes a new attempt only once the first request can certainly not arrive any more', async () => {
    await start();
    const id = await affiliateOwed(api, 'absent', 3000);
    failTransfers(api, 'drop_before', 2);
    await runPeriod(api, '2026-12');
    await replaceKey();
    api.clock.advance(9 * MINUTE_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending', attempts: 1 });
    api.clock.advance(2 * MINUTE_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 2 });
    expect(await transfersOf(api)).toHaveLength(1);
    expect(await api.database.prisma.payoutAttempt.findMany({ orderBy: { attemptNo: 'asc' } })).toMatchObject([
      { attemptNo: 1, outcome: 'absent' },
      { attemptNo: 2, outcome: 'sent' },
    ]);
  });
});

describe('a group that holds something else than the one transfer', () => {
  it.each([
    ['one of another amount', [2999]],
    ['two of which each is what was asked for', [3000, 3000]],
  ])('stops that payout alone until somebody has looked: %s', async (_what, amounts) => {
    await start();
    const odd = await affiliateOwed(api, 'odd', 3000);
    const good = await affiliateOwed(api, 'good', 4000);
    failTransfers(api, 'drop_before', 2 * 2);
    await runPeriod(api, '2026-12');
    const { id } = await onlyPayout(api, odd);
    const { stripeAccountId } = (await api.request<{ stripeAccountId: string }>('GET', `/v1/affiliates/${odd}`)).body;
    const byHand = { currency: 'usd', destination: stripeAccountId, transfer_group: id };
    for (const amount of amounts) await hostStripe(api).transfers.create({ ...byHand, amount });
    api.clock.advance(21 * HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, good)).toMatchObject({ status: 'paid' });
    expect(await onlyPayout(api, odd)).toMatchObject({ status: 'pending', attempts: 1 });
    expect(await balanceOf(api, odd)).toMatchObject([{ payable: 0, inPayout: 3000, paid: 0 }]);
    api.clock.advance(24 * HOUR_MS);
    await runPeriod(api, '2026-12');
    // Neither paid again nor returned.
    expect(await balanceOf(api, odd)).toMatchObject([{ payable: 0, inPayout: 3000, paid: 0 }]);
    expect(await sums()).toEqual([...amounts, 4000].map((amount) => [amount, 'usd']));
  });
});

describe('a payout that two processes end', () => {
  /** Claimed by both in a run that is being sent. */
  const claim = async () => {
    await start({ PAYOUT_APPROVAL: 'manual' });
    const affiliateId = await affiliateOwed(api, 'ended', 3000);
    const { id: runId } = await runPeriod(api, '2026-12');
    await decisions().approve('2026-12', STAFF);
    const [claimed] = await api.app.get(PayoutClaims).claim(runId, null);
    return { affiliateId, claimed: claimed! };
  };

  it.each([
    ['paid', 'failed', { payable: 0, inPayout: 0, paid: 3000 }],
    ['failed', 'paid', { payable: 3000, inPayout: 0, paid: 0 }],
  ] as const)('is %s as the first of them wrote down, and not %s as well', async (first, later, balance) => {
    const { affiliateId, claimed } = await claim();
    const sent = (await api.app.get(PayoutAttempts).intend(claimed))!;
    const outcomes = api.app.get(PayoutOutcomes);
    const write = {
      paid: () => outcomes.paid(sent, 'tr_1'),
      failed: () => outcomes.failed(sent, 'resource_missing', 'No such account.'),
    };
    await write[first]();
    await write[later]();
    expect(await onlyPayout(api, affiliateId)).toMatchObject({ status: first });
    expect(await balanceOf(api, affiliateId)).toMatchObject([balance]);
  });

  it('is not sent by one when the other has given it back', async () => {
    const { affiliateId, claimed } = await claim();
    await api.app.get(PayoutOutcomes).canceled(claimed, 'account_restricted');
    expect(await api.app.get(PayoutAttempts).intend(claimed)).toBeNull();
    expect(await balanceOf(api, affiliateId)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
  });
});

describe('two processes', () => {
  it('do not send side by side, which would exceed the rate; the second one goes on where the first one died', async () => {
    await start();
    const id = await affiliateOwed(api, 'once', 3000);
    const { prisma } = api.database;
    await prisma.$executeRaw`
      INSERT INTO payout_sender (id, holder, until) VALUES (1, 'another process', clock_timestamp() + interval '1 hour')`;
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending', attempts: 0 });
    const run = api.app.get(PayoutRunsService);
    const patient = run.run({ period: '2026-12', cutOff: api.clock.now(), patienceMs: HOUR_MS });
    // The other one has died, and does not renew its right any more.
    await prisma.$executeRaw`UPDATE payout_sender SET until = clock_timestamp()`;
    await patient;
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 1 });
    expect(await transfersOf(api)).toHaveLength(1);
  });
});
