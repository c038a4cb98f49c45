/** failures.md, row 60: the ledger and Stripe disagree, and the reconciliation says where, on the cent. */
import pg from 'pg';
import type Stripe from 'stripe';
import type { PayoutDto, PayoutPageDto } from '../../src/payouts/payout.dto.js';
import { ReconciliationScheduler } from '../../src/payouts/reconciliation/reconciliation-scheduler.js';
import { ReconciliationService } from '../../src/payouts/reconciliation/reconciliation.service.js';
import { TwoSides } from '../../src/payouts/reconciliation/two-sides.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { eventually } from '../setup/eventually.js';
import { holdRequest } from '../setup/held-requests.js';
import { hostStripe, onboard } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { processEnv, runCommandProcess } from '../setup/processes.js';
import { expectReconciled, reconcile } from '../setup/reconciliation.js';
import { sell, tell } from '../setup/sales.js';

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
const CUT_OFF = new Date('2026-12-01T06:00:00Z');
/** Has the form of an id of ours, and is none. */
const NOBODYS_PAYOUT = 'po_01kb000000000000000000000a';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

const stripe = (): Stripe => hostStripe(api);
const runDecember = async (): Promise<void> => {
  await api.app.get(PayoutRunsService).run({ period: '2026-12', cutOff: CUT_OFF });
  await api.settle();
};
const payoutOf = async (affiliateId: string): Promise<PayoutDto> =>
  (await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliateId}`)).body.data[0] as PayoutDto;

async function owed(name: string, total = 15_000, currency = 'usd'): Promise<string> {
  const { affiliateId } = await sell(api, name, { total, currency });
  await onboard(api, affiliateId);
  return affiliateId;
}

type Paid = PayoutDto & { transfer: Stripe.Transfer };

/** Who is owed something is paid in December: 30.00 each. */
async function payOut(...affiliateIds: string[]): Promise<Paid[]> {
  await runDecember();
  const payouts = await Promise.all(affiliateIds.map(payoutOf));
  expect(payouts.map(({ status, amount }) => [status, amount])).toEqual(payouts.map(() => ['paid', 3000]));
  const transfers = await Promise.all(
    payouts.map(({ stripeTransferId }) => stripe().transfers.retrieve(stripeTransferId as string)),
  );
  return payouts.map((payout, n) => ({ ...payout, transfer: transfers[n] as Stripe.Transfer }));
}

async function paid(name: string): Promise<Paid> {
  const [only] = await payOut(await owed(name));
  return only as Paid;
}

/** A transfer that somebody makes in the Stripe dashboard. */
const transferByHand = ({ destination }: Stripe.Transfer, amount: number, group: string): Promise<Stripe.Transfer> =>
  stripe().transfers.create({ amount, currency: 'usd', destination: destination as string, transfer_group: group });

/** What somebody with access to the database does to it. */
async function asOwner(sql: string, ...values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: api.ownerUrl });
  await client.connect();
  expect((await client.query(sql, values)).rowCount).toBe(1);
  await client.end();
}

const loseWebhooks = (): void => api.stripe.faults.addForWebhooks({ kind: 'drop', types: ['transfer.reversed'] });

/** The differences in short: what, of which payout and transfer, and the two amounts. */
async function differences(since: Date | null = null): Promise<unknown[]> {
  const { findings } = await reconcile(api, since);
  return findings
    .filter(({ isOpen }) => !isOpen)
    .map(({ kind, payoutId, transferId, expectedMinor, foundMinor }) => [
      kind,
      payoutId,
      transferId,
      Number(expectedMinor),
      Number(foundMinor),
    ]);
}

describe('60 · what only Stripe knows', () => {
  it('is found when somebody sent money in the group of a payout, and is well once that came back', async () => {
    const { id, transfer } = await paid('By hand');
    await expectReconciled(api);
    const second = await transferByHand(transfer, 701, id);
    const foreign = await transferByHand(transfer, 1234, NOBODYS_PAYOUT);
    await transferByHand(transfer, 999, 'order-17');
    await api.settle();
    expect(await differences()).toEqual([
      ['payout_missing', NOBODYS_PAYOUT, foreign.id, 0, 1234],
      ['transfer_extra', id, second.id, 0, 701],
    ]);
    await stripe().transfers.createReversal(second.id);
    await stripe().transfers.createReversal(foreign.id);
    await expectReconciled(api);
  });

  it('is found when the money left for a payout that failed and was given back', async () => {
    const { transfer } = await paid('First');
    const affiliateId = await owed('Refused');
    api.stripe.faults.add({ kind: 'refused_400', method: 'POST', path: '/v1/transfers' });
    await api.app.get(PayoutRunsService).run({ period: '2027-01', cutOff: new Date('2027-01-01T06:00:00Z') });
    const failed = await payoutOf(affiliateId);
    expect(failed).toMatchObject({ status: 'failed' });
    const { id } = await transferByHand(transfer, 3000, failed.id);
    expect(await differences()).toEqual([['payout_not_paid', failed.id, id, 0, 3000]]);
  });

  it('is found when the news of a reversal got lost; its event, or the operator, puts it right', async () => {
    const [first, second] = (await payOut(await owed('Lost news'), await owed('Lost for good', 15_000, 'eur'))) as [
      Paid,
      Paid,
    ];
    loseWebhooks();
    await stripe().transfers.createReversal(first.transfer.id, { amount: 501 });
    await stripe().transfers.createReversal(second.transfer.id, { amount: 17 });
    // For an hour the news may still be on its way.
    const young = await reconcile(api);
    expect(young).toMatchObject({ differenceCount: 0, openCount: 2 });
    api.clock.advance(61 * MINUTE_MS);
    expect(await differences()).toEqual([
      ['reversal_differs', first.id, first.transfer.id, 0, 501],
      ['reversal_differs', second.id, second.transfer.id, 0, 17],
    ]);
    await tell(api, 'transfer.reversed', await stripe().transfers.retrieve(first.transfer.id));
    const report = await reconcile(api);
    expect(report).toMatchObject({ differenceCount: 1 });
    const act = { staffUserId: 'operator', reason: 'The webhook endpoint was gone for two months.' };
    expect(await api.app.get(ReconciliationService).adopt(report, act)).toEqual([second.transfer.id]);
    expect(await api.database.prisma.auditLog.findMany()).toMatchObject([
      {
        ...{ actorId: 'operator', action: 'payout.reversal_adopted', subjectId: second.id, reason: act.reason },
        before: { amountReversedMinor: '0' },
        after: { amountReversedMinor: '17', transferId: second.transfer.id },
      },
    ]);
    await expectReconciled(api);
    expect(await payoutOf(second.affiliateId)).toMatchObject({ amountReversed: 17 });
    expect(await api.database.prisma.reviewCase.count({ where: { rule: 'transfer_reversed', status: 'open' } })).toBe(
      2,
    );
  });

  it('counts all reversals of a transfer that has more than it shows', async () => {
    const { transfer } = await paid('Many parts');
    for (let part = 0; part < 13; part++) await stripe().transfers.createReversal(transfer.id, { amount: 10 + part });
    await api.settle();
    expect((await stripe().transfers.retrieve(transfer.id)).reversals).toMatchObject({ has_more: true });
    const { sums } = await reconcile(api);
    expect(sums).toEqual([{ currency: 'usd', transfers: 1, sentMinor: 3000n, reversedMinor: 208n, paidMinor: 2792n }]);
    await expectReconciled(api);
  });
});

describe('60 · reversals of which not all are listed', () => {
  it('are looked into among all transfers, too', async () => {
    const { id: payoutId, transfer } = await paid('Listed');
    const [transferId, destination] = [transfer.id, transfer.destination as string];
    const sides = api.app.get(TwoSides);
    const suspects = async (reconciliationId: string, reversalsMinor: bigint): Promise<string[]> => {
      const amounts = { amountMinor: 3000n, amountReversedMinor: 0n, reversalsMinor };
      const when = { createdAt: CUT_OFF, reversedAt: null };
      await sides.add(reconciliationId, [{ transferId, payoutId, destination, currency: 'usd', ...amounts, ...when }]);
      return (await sides.compare(reconciliationId, null, 10)).suspects;
    };
    expect(await suspects('rec_all', 0n)).toEqual([]);
    expect(await suspects('rec_some', 1n)).toEqual([payoutId]);
  });
});

describe('60 · what was changed in the database', () => {
  it.each<[string, string, string, (p: { id: string; transferId: string }) => unknown[]]>([
    [
      'a paid payout that is called failed',
      "status = 'failed'",
      "status = 'paid'",
      ({ id, transferId }) => [
        ['journal_differs', id, null, 0, 3000],
        ['payout_not_paid', id, transferId, 0, 3000],
      ],
    ],
    [
      'a cent less in its amount',
      'amount_minor = 2999',
      'amount_minor = 3000',
      ({ id, transferId }) => [
        ['journal_differs', id, null, 2999, 3000],
        ['amount_differs', id, transferId, 2999, 3000],
      ],
    ],
    [
      'a reversal that never was',
      'amount_reversed_minor = 1',
      'amount_reversed_minor = 0',
      ({ id, transferId }) => [
        ['journal_differs', id, null, 2999, 3000],
        ['reversal_differs', id, transferId, 1, 0],
      ],
    ],
    [
      'another destination',
      "destination = 'acct_mine'",
      'destination = (SELECT stripe_account_id FROM affiliates LIMIT 1)',
      ({ id, transferId }) => [['destination_differs', id, transferId, 3000, 3000]],
    ],
    [
      'a transfer that does not exist',
      "stripe_transfer_id = 'tr_invented'",
      '',
      ({ id, transferId }) => [
        ['transfer_missing', id, 'tr_invented', 3000, 0],
        ['transfer_extra', id, transferId, 0, 3000],
      ],
    ],
  ])('is found as %s, and is well once it is as it was', async (_title, change, undo, expected) => {
    const { id, transfer } = await paid('Tampered');
    await asOwner(`UPDATE payouts SET ${change} WHERE id = $1`, id);
    expect(await differences()).toEqual(expected({ id, transferId: transfer.id }));
    await asOwner(`UPDATE payouts SET ${undo || `stripe_transfer_id = '${transfer.id}'`} WHERE id = $1`, id);
    await expectReconciled(api);
  });

  it('is found as a sum that was paid out and belongs to no payout', async () => {
    const { affiliateId } = await paid('Of nobody');
    const add = (minor: number) =>
      asOwner(`UPDATE balances SET paid_out_minor = paid_out_minor + ${minor} WHERE affiliate_id = $1`, affiliateId);
    await add(1);
    expect(await differences()).toEqual([['sum_differs', null, null, 3000, 3001]]);
    await add(-1);
    await expectReconciled(api);
  });
});

describe('60 · what is under way', () => {
  it('is no difference: a transfer without an answer is open for a day, and then somebody must look', async () => {
    const affiliateId = await owed('No answer');
    api.stripe.faults.add({ kind: 'drop_after_commit', method: 'POST', path: '/v1/transfers', count: 2 });
    await runDecember();
    const { id } = await payoutOf(affiliateId);
    expect(await reconcile(api)).toMatchObject({
      differenceCount: 0,
      findings: [{ kind: 'payout_pending', isOpen: true, payoutId: id, expectedMinor: 0n, foundMinor: 3000n }],
    });
    api.clock.advance(25 * HOUR_MS);
    expect(await differences()).toMatchObject([['payout_pending', id, expect.any(String), 0, 3000]]);
    await runDecember();
    await expectReconciled(api);
  });

  it('is looked at once more: what changed on both sides while Stripe was asked is no difference', async () => {
    const { transfer } = await paid('Meanwhile');
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v1/transfers' });
    const running = reconcile(api);
    await question.arrived();
    await stripe().transfers.createReversal(transfer.id, { amount: 100 });
    await tell(api, 'transfer.reversed', await stripe().transfers.retrieve(transfer.id));
    question.letGo();
    expect((await running).findings).toEqual([]);
  });

  it('is done by one process at a time, after one that was killed too, page by page', async () => {
    const { transfer } = await paid('Pages');
    for (let n = 0; n < 120; n++) await transferByHand(transfer, 10, `order-${n}`);
    await api.database.prisma.reconciliation.create({
      data: { id: 'rec_killed', status: 'running', startedAt: api.clock.now() },
    });
    await asOwner(
      `INSERT INTO reconciliation_transfers SELECT 'rec_killed', 'tr_1', $1, 1, 0, 0, 'usd', 'acct_1'`,
      NOBODYS_PAYOUT,
    );
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v1/transfers' });
    const [first, second] = [1, 2].map(() => api.app.get(ReconciliationService).reconcile());
    // The other one is told at once that somebody is at it already.
    expect(await Promise.race([first, second])).toBeNull();
    question.letGo();
    const done = (await Promise.all([first, second])).filter((report) => report !== null);
    expect(done).toMatchObject([{ differenceCount: 0, transferCount: 1, payoutCount: 1 }]);
    const kept = await api.database.prisma.reconciliation.findMany({ orderBy: { id: 'asc' } });
    expect(kept.map(({ status }) => status).sort()).toEqual(['agrees', 'failed']);
    expect(await api.database.prisma.reconciliationTransfer.count()).toBe(0);
  });

  it('leaves out what was made before the day it is asked for', async () => {
    const { id, transfer, createdAt } = await paid('Old');
    await asOwner("UPDATE payouts SET destination = 'acct_mine' WHERE id = $1", id);
    const later = (days: number): Date => new Date(new Date(createdAt).getTime() + days * 24 * HOUR_MS);
    expect(await differences(later(3))).toEqual([]);
    expect(await differences(later(-1))).toEqual([['destination_differs', id, transfer.id, 3000, 3000]]);
  });
});

describe('60 · every night', () => {
  const tick = () => api.app.get(ReconciliationScheduler).tick();
  const kept = async (): Promise<string[]> =>
    (await api.database.prisma.reconciliation.findMany({ orderBy: { id: 'asc' } })).map(({ status }) => status);
  const metrics = async (): Promise<string[]> =>
    (await (await fetch(`${api.url}/metrics`)).text())
      .split('\n')
      .filter((line) => /^fairshare_reconc.* [1-9]\d*$/.test(line));

  it('it is done once, made up for when it failed or was missed, and its result shown', async () => {
    expect(await metrics()).toEqual([]);
    await tick();
    expect(await kept()).toEqual([]);
    const affiliateId = await owed('Nightly');
    api.clock.set('2026-12-01T06:30:00Z');
    const [{ id }] = (await payOut(affiliateId)) as [Paid];
    api.stripe.faults.add({ kind: 'error_500', method: 'GET', path: '/v1/transfers' });
    await tick();
    expect([await kept(), await metrics()]).toEqual([['failed'], []]);
    await tick();
    await tick();
    expect(await kept()).toEqual(['failed', 'agrees']);
    api.clock.set('2026-12-02T02:59:00Z');
    await tick();
    expect(await kept()).toHaveLength(2);
    api.clock.set('2026-12-02T03:00:00Z');
    await asOwner("UPDATE payouts SET destination = 'acct_mine' WHERE id = $1", id);
    await tick();
    expect(await kept()).toEqual(['failed', 'agrees', 'differs']);
    // What the database does not tell within two seconds is left out, until the next time.
    await eventually(async () =>
      expect(await metrics()).toEqual([
        'fairshare_reconciliation_differences{kind="destination_differs"} 1',
        `fairshare_reconciliation_last_success_timestamp_seconds{result="agrees"} ${Date.UTC(2026, 11, 1, 6, 30) / 1000}`,
        `fairshare_reconciliation_last_success_timestamp_seconds{result="differs"} ${Date.UTC(2026, 11, 2, 3) / 1000}`,
      ]),
    );
    const last = await api.database.prisma.reconciliation.findFirst({ where: { status: 'differs' } });
    expect(last).toMatchObject({
      differenceCount: 1,
      sums: [{ currency: 'usd', sentMinor: '3000', paidMinor: '3000' }],
      findings: [{ kind: 'destination_differs', payoutId: id, expectedMinor: '3000' }],
    });
  });

  it('or by hand: the command ends with 1 on any difference, names it to the cent, and can record what got lost', async () => {
    const { id, transfer, affiliateId } = await paid('By command');
    const command = (...args: string[]) =>
      runCommandProcess('reconcile', args, processEnv({ url: api.database.url, ownerUrl: api.ownerUrl }, api.stripe));
    expect(await command()).toMatchObject({ exitCode: 0, output: expect.stringContaining('agree.') });
    const second = await transferByHand(transfer, 701, id);
    const found = await command('--since', '2026-11-01');
    expect(found.exitCode).toBe(1);
    expect(found.output).toContain(
      `DIFFERS: transfer_extra: ${id}, ${second.id}, ${affiliateId}: a transfer in the payout's group beside its own: expected 0.00 USD, found 7.01 USD`,
    );
    loseWebhooks();
    await stripe().transfers.createReversal(second.id);
    await stripe().transfers.createReversal(transfer.id, { amount: 50 });
    const adopted = await command('--adopt');
    expect(adopted.output).toContain(`Recorded what was reversed of: ${transfer.id}.`);
    expect(adopted.exitCode).toBe(0);
    expect(await payoutOf(affiliateId)).toMatchObject({ amountReversed: 50 });
    expect((await command('--since', 'yesterday')).exitCode).toBe(2);
  });
});
