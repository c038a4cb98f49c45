import { AuditLog } from '../../../src/audit/audit-log.js';
import { CommissionsService } from '../../../src/commissions/commissions.service.js';
import { HoldsService } from '../../../src/commissions/holds.service.js';
import { lockBalances } from '../../../src/commissions/ledger/balances.js';
import { CaseDecisions } from '../../../src/commissions/review/case-decisions.service.js';
import type { Tx } from '../../../src/database/database.js';
import { ReviewCases } from '../../../src/fraud/review-cases.service.js';
import { PayoutReservation } from '../../../src/payouts/runs/payout-reservation.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { hostStripe, onboard } from '../../setup/host.js';
import { overlap, untilSomebodyWaits } from '../../setup/overlap.js';
import { failTransfers, payoutsOf, runPeriod } from '../../setup/payday.js';
import {
  balancesOf,
  commissionOf,
  commissionsOf,
  expectEveryCentExplained,
  namesOf,
  pay,
  sell,
  storyOf,
  tell,
  type Sale,
} from '../../setup/sales.js';
import { afterNext } from '../../setup/stand-still.js';
import { expectEveryPayoutExplained } from '../../setup/statements.js';
import { disputeOf, refundOf } from '../../setup/webhooks.js';

const ACT = { staffUserId: 'stf_vera', reason: 'Seven accounts of one person, says vera@host.example.' };

let api: TestApp;
/** Each test has a year of its own, so that each has runs of its own. */
let year = 2026;

beforeAll(async () => {
  api = await startTestApp({ env: { MIN_PAYOUT: 'usd:100' } });
});
beforeEach(() => {
  year += 1;
  api.clock.set(`${year}-01-10T12:00:00Z`);
});
afterEach(async () => {
  await expectEveryCentExplained(api);
  await expectEveryPayoutExplained(api);
});
afterAll(async () => api.close());

const decisions = (): CaseDecisions => api.app.get(CaseDecisions);
const referralOf = ({ userId }: Sale) =>
  api.database.prisma.referral.findUniqueOrThrow({ where: { referredUserId: userId } });

let lastKey = 0;

/** An open case about these sales' referrals, or about the affiliate as a whole where none is given. */
async function openCase(affiliateId: string, ...sales: Sale[]): Promise<string> {
  const referralIds = await Promise.all(sales.map(async (sale) => (await referralOf(sale)).id));
  let caseId = '';
  for (const referralId of sales.length > 0 ? referralIds : [undefined]) {
    const signal = { key: `finding ${(lastKey += 1)}`, summary: 'A finding.', evidence: {}, referralId };
    caseId = await api.database.transaction((tx) =>
      api.app.get(ReviewCases).open(tx, { affiliateId, rule: 'transfer_reversed', signal }),
    );
  }
  return caseId;
}

async function reject(affiliateId: string, ...sales: Sale[]) {
  return decisions().reject(await openCase(affiliateId, ...sales), ACT);
}

/** One more customer of the affiliate, with an invoice paid by one payment. */
async function sellAgain({ affiliateId }: Sale, name: string, total: number): Promise<Sale> {
  const { userId, customer, invoice, payment } = namesOf(name);
  const { body } = await api.request<{ code: string }>('GET', `/v1/affiliates/${affiliateId}`);
  await api.request('POST', '/v1/referrals', {
    body: { referredUserId: userId, code: body.code, stripeCustomerId: customer },
  });
  await pay(api, { id: invoice, payment, customer, userId, total });
  return { affiliateId, userId, invoice, payment };
}

/** Pays the affiliate everything on the 1st of February. */
async function payOut(affiliateId: string): Promise<void> {
  await onboard(api, affiliateId);
  api.clock.set(`${year}-02-01T06:00:00Z`);
  await runPeriod(api, `${year}-02`);
}

const nets = async (affiliateId: string): Promise<[string, number, string][]> =>
  (await commissionsOf(api, affiliateId))
    .map(({ invoiceId, netAmount, state }): [string, number, string] => [invoiceId, netAmount, state])
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** Runs `meanwhile` before the transaction of the next decision commits, as the last thing in it. */
const beforeItCommits = (meanwhile: (tx: Tx) => Promise<void>): void =>
  afterNext(api.app.get(AuditLog), 'record', meanwhile);

/** Starts `second` while the decision has done everything but commit, and waits for both. */
async function whileDeciding<T>(decide: () => Promise<unknown>, second: () => Promise<T>): Promise<T> {
  let waiting: Promise<T> | undefined;
  beforeItCommits(async (tx) => {
    waiting = second();
    await untilSomebodyWaits(api, tx);
  });
  await decide();
  return waiting as Promise<T>;
}

describe('rejecting', () => {
  it('takes what is payable and what is held, spares what is paid, and lets nothing of it earn any more', async () => {
    const sale = await sell(api, `mixed ${year}`, { total: 9900, plan: { holdDays: 20 } });
    const { affiliateId, userId } = sale;
    const customer = namesOf(`mixed ${year}`).customer;
    const more = (id: string, total: number) => pay(api, { id, payment: `pi_${id}`, customer, userId, total });
    // Its hold ends on the 30th of January; it is paid on the 1st of February.
    api.clock.set(`${year}-01-30T12:00:00Z`);
    await api.app.get(HoldsService).releaseDueNow();
    await payOut(affiliateId);
    await more(`in_payable_${year}`, 5000);
    api.clock.set(`${year}-03-01T00:00:00Z`);
    await api.app.get(HoldsService).releaseDueNow();
    await more(`in_held_${year}`, 3333);
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ held: 666, payable: 1000, paid: 1980 }]);

    const effect = await reject(affiliateId, sale);
    expect(effect).toEqual({
      rejectedReferrals: 1,
      sparedCommissions: 1,
      earned: [{ currency: 'usd', changeMinor: -1666n }],
    });
    await more(`in_later_${year}`, 9900);
    api.clock.set(`${year}-06-01T00:00:00Z`);
    await api.app.get(HoldsService).releaseDueNow();
    expect(await nets(affiliateId)).toEqual([
      [`in_held_${year}`, 0, 'reversed'],
      [sale.invoice, 1980, 'paid'],
      [`in_payable_${year}`, 0, 'reversed'],
    ]);
    expect(await balancesOf(api, affiliateId)).toMatchObject([
      { held: 0, payable: 0, inPayout: 0, paid: 1980, lifetimeEarned: 1980 },
    ]);
  });

  it('says in the explanation that staff did it and why in a word, and who and why exactly in the ledger alone', async () => {
    const sale = await sell(api, `told ${year}`, { total: 9900 });
    await reject(sale.affiliateId, sale);
    const commission = await commissionOf(api, sale);
    expect(commission).toMatchObject({ amount: 1980, netAmount: 0, reversedAmount: 1980, state: 'reversed' });
    expect(commission.explanation).toMatchObject({ roundedFrom: '0', lost: 0, part: 'stripe' });
    expect(commission.explanation.formula).toMatch(
      /= 9900; amount = 0: staff rejected the referral \(transfer reversed\)$/,
    );
    expect(storyOf(commission)).toEqual(['earned +1980 = 1980', 'reversed -1980 = 0']);
    expect(commission.explanation.steps[1]).toMatchObject({
      summary: '19.80 USD was taken back: staff rejected the referral after a review (transfer reversed).',
      formula: 'amount = 0: staff rejected the referral (transfer reversed)',
      stripeEventId: null,
    });
    expect(JSON.stringify(commission)).not.toMatch(/vera|Seven/);
    const entry = await api.database.prisma.journalEntry.findFirstOrThrow({
      where: { commissionId: commission.id, kind: 'commission_reversed' },
    });
    expect(entry).toMatchObject({ ...ACT, occurredAt: api.clock.now() });
  });

  it('is in the audit log with what it moved, and tells of the closed case', async () => {
    const sale = await sell(api, `audited ${year}`, { total: 9900 });
    const caseId = await openCase(sale.affiliateId, sale);
    await decisions().reject(caseId, { ...ACT, reason: `  ${ACT.reason}\n` });
    const { auditLog, domainEvent, reviewCase } = api.database.prisma;
    expect(await auditLog.findMany({ where: { subjectId: caseId } })).toMatchObject([
      {
        actorId: ACT.staffUserId,
        action: 'review_case.rejected',
        subjectType: 'review_case',
        before: { status: 'open', lifetimeEarned: { usd: '1980' } },
        after: { status: 'rejected', rejectedReferrals: 1, sparedCommissions: 0, lifetimeEarned: { usd: '0' } },
        reason: ACT.reason,
      },
    ]);
    expect(await reviewCase.findUniqueOrThrow({ where: { id: caseId } })).toMatchObject({
      status: 'rejected',
      decidedBy: ACT.staffUserId,
      reason: ACT.reason,
      closedAt: api.clock.now(),
    });
    expect(await domainEvent.findMany({ where: { subjectId: caseId }, orderBy: { sequence: 'asc' } })).toMatchObject([
      { type: 'review_case.opened' },
      { type: 'review_case.closed', data: { status: 'rejected' } },
    ]);
  });

  it('costs only the referrals that are named, in every currency, and all of today where a signal names none', async () => {
    const named = await sell(api, `named ${year}`, { total: 9900 });
    const { affiliateId } = named;
    const customer = namesOf(`named ${year}`).customer;
    await pay(api, {
      id: `in_yen_${year}`,
      payment: `pi_yen_${year}`,
      customer,
      userId: named.userId,
      currency: 'jpy',
      total: 999,
    });
    const other = await sellAgain(named, `other ${year}`, 5000);
    const stranger = await sell(api, `stranger ${year}`, { total: 7000 });
    await reject(affiliateId, named);
    expect(await nets(affiliateId)).toEqual([
      [named.invoice, 0, 'reversed'],
      [other.invoice, 1000, 'payable'],
      [`in_yen_${year}`, 0, 'reversed'],
    ]);

    const effect = await reject(affiliateId);
    expect(effect).toMatchObject({ rejectedReferrals: 2, earned: [{ currency: 'usd', changeMinor: -1000n }] });
    const later = await sellAgain(named, `later ${year}`, 6000);
    expect(await nets(affiliateId)).toEqual([
      [later.invoice, 1200, 'payable'],
      [named.invoice, 0, 'reversed'],
      [other.invoice, 0, 'reversed'],
      [`in_yen_${year}`, 0, 'reversed'],
    ]);
    expect(await nets(stranger.affiliateId)).toEqual([[stranger.invoice, 1400, 'payable']]);
  });

  it('costs more referrals than are settled at once', async () => {
    const first = await sell(api, `crowd ${year}`, { total: 9900 });
    const { prisma } = api.database;
    const referral = await referralOf(first);
    const crowd = Array.from({ length: 450 }, (_, n) => `crowd-${year}-${n}`);
    await prisma.referral.createMany({
      data: crowd.map((name) => ({ ...referral, id: `ref_${name}`, referredUserId: name, stripeCustomerId: null })),
    });
    const invoice = await prisma.stripeInvoice.findUniqueOrThrow({ where: { id: first.invoice } });
    await prisma.stripeInvoice.createMany({
      data: crowd.map((name) => ({ ...invoice, id: `in_${name}`, customerId: null, referredUserId: name })),
    });
    await decisions().reject(await openCase(first.affiliateId), ACT);
    expect(await balancesOf(api, first.affiliateId)).toMatchObject([{ payable: 0, lifetimeEarned: 0 }]);
    expect(await prisma.referralRejection.count({ where: { referral: { affiliateId: first.affiliateId } } })).toBe(451);
  });

  it('suspends the affiliate in the same transaction when that is asked for, and neither without the other', async () => {
    const sale = await sell(api, `suspended ${year}`, { total: 9900 });
    const { affiliateId } = sale;
    const { affiliate } = api.database.prisma;
    await affiliate.update({ where: { id: affiliateId }, data: { status: 'pending' } });
    const caseId = await openCase(affiliateId);
    await expect(decisions().reject(caseId, ACT, { suspend: true })).rejects.toMatchObject({
      code: 'status_transition_invalid',
    });
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 1980, 'payable']]);

    await affiliate.update({ where: { id: affiliateId }, data: { status: 'active' } });
    await decisions().reject(caseId, ACT, { suspend: true });
    expect(await affiliate.findUniqueOrThrow({ where: { id: affiliateId } })).toMatchObject({ status: 'suspended' });
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 0, 'reversed']]);
    const audited = await api.database.prisma.auditLog.findMany({ where: { subjectId: affiliateId } });
    expect(audited).toMatchObject([
      {
        action: 'affiliate.suspended',
        before: { status: 'active' },
        after: { status: 'suspended' },
        ...{ reason: ACT.reason },
      },
    ]);
  });

  it('takes nothing of a payout that is under way; what that gives back stands, until another case rejects it', async () => {
    const sale = await sell(api, `returned ${year}`, { total: 20_000 });
    const { affiliateId } = sale;
    await onboard(api, affiliateId);
    api.stripe.faults.add({ kind: 'error_500', method: 'GET', path: '/v2/core/accounts/*', count: null });
    api.clock.set(`${year}-02-01T06:00:00Z`);
    await runPeriod(api, `${year}-02`);
    expect(await payoutsOf(api, affiliateId)).toMatchObject([{ status: 'pending' }]);
    expect(await reject(affiliateId, sale)).toMatchObject({ sparedCommissions: 1, earned: [] });

    api.stripe.faults.clear();
    failTransfers(api, 'refused_400');
    api.clock.advance(60 * 60 * 1000);
    await runPeriod(api, `${year}-02`);
    api.stripe.faults.clear();
    expect(await payoutsOf(api, affiliateId)).toMatchObject([{ status: 'failed' }]);
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 4000, 'payable']]);

    expect(await reject(affiliateId, sale)).toMatchObject({
      sparedCommissions: 0,
      earned: [{ currency: 'usd', changeMinor: -4000n }],
    });
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 0, 'reversed']]);
  });
});

describe('what was paid out and came back', () => {
  it('is taken with its whole transfer: the case that asks about it keeps it from being paid again', async () => {
    const sale = await sell(api, `reversed ${year}`, { total: 20_000 });
    const { affiliateId } = sale;
    await payOut(affiliateId);
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 4000, 'paid']]);
    const [payout] = await payoutsOf(api, affiliateId);
    await hostStripe(api).transfers.createReversal(payout?.stripeTransferId ?? '');
    await api.settle();
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 4000, paid: 0 }]);
    const { id } = await api.database.prisma.reviewCase.findFirstOrThrow({
      where: { affiliateId, rule: 'transfer_reversed', status: 'open' },
    });
    expect(await decisions().reject(id, ACT)).toMatchObject({ rejectedReferrals: 1, sparedCommissions: 0 });
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 0, paid: 0, lifetimeEarned: 0 }]);
    api.clock.set(`${year}-03-01T06:00:00Z`);
    await runPeriod(api, `${year}-03`);
    expect(await payoutsOf(api, affiliateId)).toHaveLength(1);
  });

  it('is spared where a later payout has paid it again', async () => {
    const sale = await sell(api, `again ${year}`, { total: 20_000 });
    const { affiliateId } = sale;
    await payOut(affiliateId);
    const [payout] = await payoutsOf(api, affiliateId);
    await hostStripe(api).transfers.createReversal(payout?.stripeTransferId ?? '');
    await api.settle();
    const { id } = await api.database.prisma.reviewCase.findFirstOrThrow({ where: { affiliateId, status: 'open' } });
    await decisions().approve(id, ACT);
    api.clock.set(`${year}-03-01T06:00:00Z`);
    await runPeriod(api, `${year}-03`);
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 0, paid: 4000 }]);
    expect(await reject(affiliateId, sale)).toMatchObject({ sparedCommissions: 1, earned: [] });
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 4000, 'paid']]);
  });

  it('is not restored by a dispute that is won, when a later payout has netted it before the rejection', async () => {
    const sale = await sell(api, `netted ${year}`, { total: 20_000 });
    const { affiliateId, payment } = sale;
    const dispute = (status: string) => disputeOf(api, { id: `dp_netted_${year}`, payment, amount: 20_000, status });
    await payOut(affiliateId);
    await tell(api, 'charge.dispute.created', dispute('needs_response'));
    const other = await sellAgain(sale, `netting ${year}`, 30_000);
    api.clock.set(`${year}-03-01T06:00:00Z`);
    await runPeriod(api, `${year}-03`);
    // 6000 − 4000.
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 0, paid: 6000 }]);
    expect(await reject(affiliateId, sale)).toMatchObject({ sparedCommissions: 0, earned: [] });
    await tell(api, 'charge.dispute.closed', dispute('won'));
    expect(await nets(affiliateId)).toEqual(
      [
        [sale.invoice, 0, 'reversed'],
        [other.invoice, 6000, 'paid'],
      ].sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
    );
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 0, paid: 6000, lifetimeEarned: 6000 }]);
  });
});

describe('what Stripe tells before and after a rejection', () => {
  type Step = 'reject' | 'refund 33.33' | 'refund fails' | 'dispute' | 'dispute won' | 'inquiry' | 'inquiry closes';

  async function take(step: Step, sale: Sale): Promise<void> {
    const { payment, invoice } = sale;
    const dispute = (id: string, status: string) => disputeOf(api, { id, payment, amount: 9900, status });
    const refund = (status: string) => refundOf(api, { id: `re_${invoice}`, payment, amount: 3333, status });
    switch (step) {
      case 'reject':
        return void (await reject(sale.affiliateId, sale));
      case 'refund 33.33':
        return tell(api, 'refund.created', refund('succeeded'));
      case 'refund fails':
        return tell(api, 'refund.failed', refund('failed'));
      case 'dispute':
        return tell(api, 'charge.dispute.created', dispute(`dp_${invoice}`, 'needs_response'));
      case 'dispute won':
        return tell(api, 'charge.dispute.closed', dispute(`dp_${invoice}`, 'won'));
      case 'inquiry':
        return tell(api, 'charge.dispute.created', dispute(`dp_i_${invoice}`, 'warning_needs_response'));
      case 'inquiry closes':
        return tell(api, 'charge.dispute.closed', dispute(`dp_i_${invoice}`, 'warning_closed'));
    }
  }

  const LIVES: Step[][] = [
    ['refund 33.33'],
    ['refund 33.33', 'refund fails'],
    ['dispute'],
    ['dispute', 'dispute won'],
    ['inquiry', 'refund 33.33', 'inquiry closes'],
    ['refund 33.33', 'dispute', 'dispute won', 'refund fails'],
  ];
  /** The rejection before, between and after the steps of a life. */
  const orders = LIVES.flatMap((life) =>
    [...life, 'end'].map((_, at) => [...life.slice(0, at), 'reject', ...life.slice(at)] as Step[]),
  );

  it.each(orders.map((steps) => [steps.join(', '), steps] as const))('ends at nothing: %s', async (_title, steps) => {
    const sale = await sell(api, `unpaid ${year}`, { total: 9900, plan: { holdDays: year % 2 === 0 ? 0 : 30 } });
    for (const step of steps) await take(step, sale);
    api.clock.set(`${year}-08-01T00:00:00Z`);
    await api.app.get(HoldsService).releaseDueNow();
    expect(await nets(sale.affiliateId)).toEqual([[sale.invoice, 0, 'reversed']]);
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ held: 0, payable: 0, lifetimeEarned: 0 }]);
  });

  it.each<[string, Step[], number]>([
    // 9900 − 3333 = 6567; × 20 % = 1313.4, so 667 of 1980 are owed back.
    ['a refund after it', ['reject', 'refund 33.33'], -667],
    ['a refund before it', ['refund 33.33', 'reject'], -667],
    ['a dispute lost after it', ['reject', 'dispute'], -1980],
    ['a dispute before it that is won after it', ['dispute', 'reject', 'dispute won'], 0],
    ['a refund before it that fails after it', ['refund 33.33', 'reject', 'refund fails'], 0],
  ])('counts for what was paid out by then as ever: %s', async (_title, steps, payable) => {
    const sale = await sell(api, `paid ${year}`, { total: 9900 });
    await payOut(sale.affiliateId);
    for (const step of steps) await take(step, sale);
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ lifetimeEarned: 1980 + payable }]);
  });
});

describe('a rejection at the same moment as', () => {
  /** A sale of 200.00 to somebody who could be paid today, a case about it, and a run that would pay it. */
  async function saleWithRun(name: string) {
    const sale = await sell(api, `${name} ${year}`, { total: 20_000 });
    await onboard(api, sale.affiliateId);
    const caseId = await openCase(sale.affiliateId, sale);
    const period = `${year}-02`;
    const now = api.clock.now();
    const run = await api.database.prisma.payoutRun.create({
      data: { id: `run_${period}`, period, cutOff: now, status: 'reserving', startedAt: now },
    });
    // A case that does not hold keeps nobody from being paid.
    await api.database.prisma.reviewCase.update({ where: { id: caseId }, data: { holds: false } });
    const keys = [{ affiliateId: sale.affiliateId, currency: 'usd' }];
    const reserve = (tx: Tx) => api.app.get(PayoutReservation).reserveAgain(tx, run, keys, { heldCurrencies: null });
    return { sale, caseId, reserve };
  }

  it('another decision on the case: one wins, the others are told that it is closed', async () => {
    const sale = await sell(api, `twice ${year}`, { total: 9900 });
    const caseId = await openCase(sale.affiliateId, sale);
    const others = await whileDeciding(
      () => decisions().reject(caseId, ACT),
      () =>
        Promise.allSettled([
          decisions().reject(caseId, { staffUserId: 'stf_other', reason: 'Me, too.' }),
          decisions().approve(caseId, { staffUserId: 'stf_other', reason: 'All is well.' }),
        ]),
    );
    expect(others).toMatchObject([
      { status: 'rejected', reason: { code: 'review_case_closed', kind: 'conflict' } },
      { status: 'rejected', reason: { code: 'review_case_closed', kind: 'conflict' } },
    ]);
    expect(await api.database.prisma.auditLog.count({ where: { subjectId: caseId } })).toBe(1);
    expect(storyOf(await commissionOf(api, sale))).toEqual(['earned +1980 = 1980', 'reversed -1980 = 0']);
  });

  it('the approval of its case: it is not carried out', async () => {
    const sale = await sell(api, `approved ${year}`, { total: 9900 });
    const caseId = await openCase(sale.affiliateId, sale);
    const late = await whileDeciding(
      () => decisions().approve(caseId, ACT),
      () =>
        decisions()
          .reject(caseId, ACT)
          .catch((error: unknown) => error),
    );
    expect(late).toMatchObject({ code: 'review_case_closed' });
    expect(await nets(sale.affiliateId)).toEqual([[sale.invoice, 1980, 'payable']]);
  });

  it('a run that has reserved the money: it is spared', async () => {
    const { sale, caseId, reserve } = await saleWithRun('reserved');
    const effect = await overlap(api, reserve, () => decisions().reject(caseId, ACT));
    expect(effect).toMatchObject({ sparedCommissions: 1, earned: [] });
    expect(await nets(sale.affiliateId)).toEqual([[sale.invoice, 4000, 'in_payout']]);
    await runPeriod(api, `${year}-02`);
    expect(await nets(sale.affiliateId)).toEqual([[sale.invoice, 4000, 'paid']]);
  });

  it('a run that comes to reserve the money: there is none any more', async () => {
    const { sale, caseId, reserve } = await saleWithRun('too late');
    const made = await whileDeciding(
      () => decisions().reject(caseId, ACT),
      () => api.database.transaction(reserve),
    );
    expect(made).toBe(0);
    expect(await nets(sale.affiliateId)).toEqual([[sale.invoice, 0, 'reversed']]);
  });

  it.each(['usd', 'eur'])('an invoice in %s that is being settled: it is taken with the rest', async (currency) => {
    const sale = await sell(api, `settled ${year}`, { total: 9900 });
    const { userId, affiliateId } = sale;
    const caseId = await openCase(affiliateId, sale);
    const another = await api.database.prisma.stripeInvoice.findUniqueOrThrow({ where: { id: sale.invoice } });
    const invoices = [{ ...another, id: `in_new_${year}`, referredUserId: userId, currency }];
    const record = (tx: Tx) =>
      api.app.get(CommissionsService).record(tx, { invoices }, { occurredAt: api.clock.now() });
    await overlap(api, record, () => decisions().reject(caseId, ACT));
    expect(await nets(affiliateId)).toEqual([
      [`in_new_${year}`, 0, 'reversed'],
      [sale.invoice, 0, 'reversed'],
    ]);
  });

  it.each(['usd', 'eur'])('an invoice in %s that comes to be settled: it earns nothing', async (currency) => {
    const sale = await sell(api, `waiting ${year}`, { total: 9900 });
    const { affiliateId } = sale;
    const caseId = await openCase(affiliateId, sale);
    const another = await api.database.prisma.stripeInvoice.findUniqueOrThrow({ where: { id: sale.invoice } });
    const invoices = [{ ...another, id: `in_new_${year}`, currency }];
    await whileDeciding(
      () => decisions().reject(caseId, ACT),
      () =>
        api.database.transaction((tx) =>
          api.app.get(CommissionsService).record(tx, { invoices }, { occurredAt: api.clock.now() }),
        ),
    );
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 0, 'reversed']]);
  });

  it('the release of what is held: whichever comes first, nothing is left', async () => {
    const sales = [];
    for (const name of ['released', 'releasing']) {
      sales.push(await sell(api, `${name} ${year}`, { total: 9900, plan: { holdDays: 1 } }));
    }
    const [before, after] = sales as [Sale, Sale];
    const caseIds = [await openCase(before.affiliateId, before), await openCase(after.affiliateId, after)];
    await api.database.prisma.reviewCase.updateMany({ where: { id: { in: caseIds } }, data: { holds: false } });
    api.clock.advance(48 * 60 * 60 * 1000);
    await whileDeciding(
      () => decisions().reject(caseIds[0] as string, ACT),
      () => api.app.get(HoldsService).releaseDueNow(),
    );
    await overlap(
      api,
      async (tx) => {
        const { id } = await commissionOf(api, after);
        await lockBalances(tx, [{ affiliateId: after.affiliateId, currency: 'usd' }]);
        await api.app.get(HoldsService).release(tx, [id], api.clock.now());
      },
      () => decisions().reject(caseIds[1] as string, ACT),
    );
    for (const { affiliateId, invoice } of sales) {
      expect(await nets(affiliateId)).toEqual([[invoice, 0, 'reversed']]);
      expect(await balancesOf(api, affiliateId)).toMatchObject([{ held: 0, payable: 0 }]);
    }
  });
});

describe('approving', () => {
  it('moves nothing itself: what was held back is released by the next job and paid by the next run', async () => {
    const sale = await sell(api, `approving ${year}`, { total: 20_000, plan: { holdDays: 5 } });
    const { affiliateId } = sale;
    await onboard(api, affiliateId);
    const caseId = await openCase(affiliateId, sale);
    api.clock.set(`${year}-02-01T06:00:00Z`);
    await runPeriod(api, `${year}-02`);
    await api.app.get(HoldsService).releaseDueNow();
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 4000, 'held']]);

    await decisions().approve(caseId, ACT);
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 4000, 'held']]);
    const { auditLog } = api.database.prisma;
    expect(await auditLog.findMany({ where: { subjectId: caseId } })).toMatchObject([
      { action: 'review_case.approved', before: { status: 'open' }, after: { status: 'approved' }, reason: ACT.reason },
    ]);
    await api.app.get(HoldsService).releaseDueNow();
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 4000, 'payable']]);
    api.clock.set(`${year}-03-01T06:00:00Z`);
    await runPeriod(api, `${year}-03`);
    expect(await nets(affiliateId)).toEqual([[sale.invoice, 4000, 'paid']]);
  });
});

describe('suspending', () => {
  it('leaves the case open, and is audited as what it is', async () => {
    const sale = await sell(api, `leaving ${year}`, { total: 9900 });
    const { affiliateId } = sale;
    const caseId = await openCase(affiliateId, sale);
    await decisions().suspend(caseId, ACT);
    await decisions().suspend(caseId, ACT);
    const { auditLog, reviewCase } = api.database.prisma;
    expect(await reviewCase.findUniqueOrThrow({ where: { id: caseId } })).toMatchObject({ status: 'open' });
    expect(await auditLog.findMany({ where: { subjectId: affiliateId } })).toMatchObject([
      { actorId: ACT.staffUserId, action: 'affiliate.suspended', reason: ACT.reason },
    ]);
    await decisions().approve(caseId, ACT);
    await expect(decisions().suspend(caseId, ACT)).rejects.toMatchObject({ code: 'review_case_closed' });
  });
});

describe('a decision', () => {
  it.each<[string, (id: string) => Promise<unknown>]>([
    ['approve', (id) => decisions().approve(id, ACT)],
    ['reject', (id) => decisions().reject(id, ACT)],
    ['acceptOutOfBand', (id) => decisions().acceptOutOfBand(id, ACT)],
    ['suspend', (id) => decisions().suspend(id, ACT)],
  ])('needs a case: %s', async (_title, decide) => {
    await expect(decide('case_none')).rejects.toMatchObject({ code: 'review_case_not_found' });
  });

  it('needs a reason, and money outside Stripe to accept it', async () => {
    const sale = await sell(api, `unreasoned ${year}`, { total: 9900 });
    const caseId = await openCase(sale.affiliateId, sale);
    const mute = { ...ACT, reason: ' ' };
    await expect(decisions().reject(caseId, mute)).rejects.toMatchObject({ code: 'reason_length' });
    await expect(decisions().approve(caseId, mute)).rejects.toMatchObject({ code: 'reason_length' });
    await expect(decisions().acceptOutOfBand(caseId, ACT)).rejects.toMatchObject({ code: 'nothing_to_accept' });
    expect(await nets(sale.affiliateId)).toEqual([[sale.invoice, 1980, 'payable']]);
    expect(await api.database.prisma.auditLog.count({ where: { subjectId: caseId } })).toBe(0);
  });
});
