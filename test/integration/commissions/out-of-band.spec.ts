import { CaseDecisions } from '../../../src/commissions/review/case-decisions.service.js';
import { CommissionsService } from '../../../src/commissions/commissions.service.js';
import { ReviewCases } from '../../../src/fraud/review-cases.service.js';
import type { ReferralDto } from '../../../src/referrals/referral.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, onboard } from '../../setup/host.js';
import { overlap } from '../../setup/overlap.js';
import { runPeriod } from '../../setup/payday.js';
import { balancesOf, commissionsOf, expectEveryCentExplained, setTerms, storyOf, tell } from '../../setup/sales.js';
import { expectEveryPayoutExplained } from '../../setup/statements.js';
import { creditNoteOf, eventOf, deliver, invoicePayment, paidInvoice, refundOf } from '../../setup/webhooks.js';
import type { PlanDto } from '../../../src/affiliates/plans/plan.dto.js';

const ACT = { staffUserId: 'stf_finn', reason: 'The bank statement of finn@host.example shows it.' };

let api: TestApp;
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

interface PartlyPaid {
  id?: string;
  total?: number;
  totalExcludingTax?: number | null;
  /** In all, as Stripe counts it. */
  amountPaid?: number;
  offStripe: number;
  currency?: string;
  paidAt?: Date;
}

/** An affiliate whose customer has paid a part of an invoice outside Stripe, and the rest, if any, by one payment. */
async function affiliateWith(name: string, invoice: PartlyPaid, plan?: Partial<PlanDto>) {
  const affiliate = await affiliateWithReferrals(api, `${name} ${year}`, []);
  if (plan) await setTerms(api, affiliate.id, { plan, name: `${name} ${year}` });
  const userId = `${name}-customer-${year}`;
  await api.request('POST', '/v1/referrals', { body: { referredUserId: userId, code: affiliate.code } });
  const payment = `pi_${name}_${year}`;
  const invoiceId = await payPartly(userId, { id: `in_${name}_${year}`, ...invoice }, payment);
  return { affiliateId: affiliate.id, userId, payment, invoiceId };
}

async function payPartly(userId: string, facts: PartlyPaid & { id: string }, payment?: string): Promise<string> {
  const { offStripe, ...amounts } = facts;
  const invoice = { ...paidInvoice(api, { userId, ...amounts }), amount_paid_off_stripe: offStripe };
  const { amount_paid: paid, currency } = invoice as unknown as { amount_paid: number; currency: string };
  const amount = paid - offStripe;
  if (payment && amount > 0) {
    const part = invoicePayment(api, { invoice: facts.id, payment, amount, currency });
    await deliver(api, eventOf(api, 'invoice_payment.paid', part));
  }
  await tell(api, 'invoice.paid', invoice);
  return facts.id;
}

async function caseOf(affiliateId: string): Promise<string> {
  const where = { affiliateId, rule: 'paid_out_of_band', status: 'open' };
  return (await api.database.prisma.reviewCase.findFirstOrThrow({ where })).id;
}

const accept = async (affiliateId: string) =>
  api.app.get(CaseDecisions).acceptOutOfBand(await caseOf(affiliateId), ACT);

/** Amount and net of each commission: what came through Stripe first, then what was accepted. */
const earnedBy = async (affiliateId: string): Promise<[string, number, number][]> =>
  (await commissionsOf(api, affiliateId))
    .map(({ amount, netAmount, explanation }): [string, number, number] => [explanation.part, amount, netAmount])
    .reverse();

describe('money that was paid outside Stripe', () => {
  it('earns once it is accepted, in a commission of its own that says so', async () => {
    const { affiliateId, invoiceId } = await affiliateWith('partly', {
      total: 10_000,
      offStripe: 7000,
      totalExcludingTax: 8403,
    });
    // Of 3000 through Stripe 2520.9 are no tax: 2520 × 20 % = 504.
    expect(await earnedBy(affiliateId)).toEqual([['stripe', 504, 504]]);
    api.clock.set(`${year}-01-20T00:00:00Z`);
    const caseId = await caseOf(affiliateId);
    expect(await accept(affiliateId)).toEqual({
      rejectedReferrals: 0,
      sparedCommissions: 0,
      // Of 7000 outside 5882.1 are no tax: 5882 × 20 % = 1176.4. Together 1680, as 8403 × 20 % = 1680.6.
      earned: [{ currency: 'usd', changeMinor: 1176n }],
    });
    expect(await earnedBy(affiliateId)).toEqual([
      ['stripe', 504, 504],
      ['out_of_band', 1176, 1176],
    ]);
    const [accepted] = await commissionsOf(api, affiliateId);
    expect(accepted).toMatchObject({ invoiceId, state: 'payable', availableAt: `${year}-01-20T00:00:00.000Z` });
    expect(accepted?.explanation).toMatchObject({
      part: 'out_of_band',
      invoiceAmountPaid: 7000,
      taxAmount: 1597,
      invoiceTotal: 10_000,
      base: 5882,
      formula: 'base = floor(min(7000, 10000) × 8403 / 10000) = 5882; amount = floor(5882 × 2000 / 10000) = 1176',
    });
    expect(accepted?.explanation.steps).toMatchObject([
      {
        occurredAt: `${year}-01-20T00:00:00.000Z`,
        summary: `Of invoice ${invoiceId}, 70.00 USD was paid outside Stripe, and staff accepted it: 20 % of 58.82 USD earned 11.76 USD.`,
      },
    ]);
    expect(JSON.stringify(accepted)).not.toMatch(/finn/);
    const { journalEntry, reviewCase, auditLog } = api.database.prisma;
    expect(await journalEntry.findFirstOrThrow({ where: { commissionId: accepted?.id } })).toMatchObject({
      kind: 'commission_earned',
      ...ACT,
      facts: { acceptedMinor: '7000', caseId },
    });
    expect(await reviewCase.findUniqueOrThrow({ where: { id: caseId } })).toMatchObject({ status: 'approved' });
    expect(await auditLog.findMany({ where: { subjectId: caseId } })).toMatchObject([
      {
        action: 'review_case.out_of_band_accepted',
        before: { lifetimeEarned: { usd: '504' } },
        after: { status: 'approved', lifetimeEarned: { usd: '1680' } },
      },
    ]);
  });

  it('earns nothing when its case is approved without accepting it, or is told again later', async () => {
    const { affiliateId, userId, invoiceId } = await affiliateWith('unaccepted', { total: 10_000, offStripe: 7000 });
    await api.app.get(CaseDecisions).approve(await caseOf(affiliateId), ACT);
    await payPartly(userId, { id: invoiceId, total: 10_000, offStripe: 7000 });
    expect(await earnedBy(affiliateId)).toEqual([['stripe', 600, 600]]);
    expect(await api.database.prisma.reviewCase.count({ where: { affiliateId } })).toBe(1);
  });

  it.each<[string, PartlyPaid, [string, number, number][]]>([
    ['an invoice paid wholly outside', { total: 9900, offStripe: 9900 }, [['out_of_band', 1980, 1980]]],
    [
      'an over-payment, up to the total: of 8000 outside 7000 were owed',
      { total: 10_000, amountPaid: 11_000, offStripe: 8000 },
      [
        ['stripe', 600, 600],
        ['out_of_band', 1400, 1400],
      ],
    ],
    [
      'money for an invoice that Stripe was paid in full for: none',
      { total: 10_000, amountPaid: 12_000, offStripe: 2000 },
      [['stripe', 2000, 2000]],
    ],
    ['dinars in steps of ten', { total: 12_345, offStripe: 12_345, currency: 'kwd' }, [['out_of_band', 2460, 2460]]],
    ['less than earns a cent: none', { total: 4, offStripe: 4 }, []],
  ])('earns for %s', async (_title, invoice, earned) => {
    const { affiliateId } = await affiliateWith('various', invoice);
    await accept(affiliateId);
    expect(await earnedBy(affiliateId)).toEqual(earned);
  });

  it('is accepted with all invoices of the case, and those that come later are another question', async () => {
    const { affiliateId, userId } = await affiliateWith('several', { total: 5000, offStripe: 5000 });
    await payPartly(userId, { id: `in_second_${year}`, total: 7000, offStripe: 3000, currency: 'eur' });
    expect(await accept(affiliateId)).toMatchObject({
      earned: [
        { currency: 'eur', changeMinor: 600n },
        { currency: 'usd', changeMinor: 1000n },
      ],
    });
    await payPartly(userId, { id: `in_third_${year}`, total: 1000, offStripe: 1000 });
    expect(await balancesOf(api, affiliateId)).toMatchObject([
      { currency: 'eur', payable: 1400 },
      { currency: 'usd', payable: 1000 },
    ]);
    expect(await accept(affiliateId)).toMatchObject({ earned: [{ currency: 'usd', changeMinor: 200n }] });
  });

  it('is held as long as other money of its day, counts for the term, and makes the referral a paying one', async () => {
    const { affiliateId, userId } = await affiliateWith(
      'held',
      { total: 10_000, offStripe: 10_000 },
      { holdDays: 30, durationMonths: 2 },
    );
    const referral = async () => (await api.request<ReferralDto>('GET', `/v1/referrals/by-user/${userId}`)).body;
    expect(await referral()).toMatchObject({ status: 'trial', convertedAt: null });
    api.clock.set(`${year}-03-15T00:00:00Z`);
    // Two months after the first one, which does not count yet: so this is the first.
    await payPartly(userId, { id: `in_later_${year}`, total: 9900, offStripe: 0 });
    expect(await earnedBy(affiliateId)).toEqual([['stripe', 1980, 1980]]);
    await accept(affiliateId);
    expect(await earnedBy(affiliateId)).toEqual([
      ['stripe', 1980, 0],
      ['out_of_band', 2000, 2000],
    ]);
    expect(await referral()).toMatchObject({ status: 'paid', convertedAt: `${year}-01-10T12:00:00.000Z` });
    expect((await commissionsOf(api, affiliateId))[0]).toMatchObject({
      availableAt: `${year}-03-15T00:00:00.000Z`,
    });
  });

  it('is in the next payout, and in no run whose cut-off was before it was accepted', async () => {
    const { affiliateId } = await affiliateWith('payday', { total: 10_000, offStripe: 7000 });
    await onboard(api, affiliateId);
    api.clock.set(`${year}-02-02T00:00:00Z`);
    await accept(affiliateId);
    await runPeriod(api, `${year}-02`);
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ paid: 600, payable: 1400 }]);
    api.clock.set(`${year}-03-01T06:00:00Z`);
    await runPeriod(api, `${year}-03`);
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ paid: 2000, payable: 0 }]);
  });

  it('is accepted once when two accept it at the same moment', async () => {
    const { affiliateId } = await affiliateWith('twice', { total: 10_000, offStripe: 7000 });
    const caseId = await caseOf(affiliateId);
    const both = () => api.app.get(CaseDecisions).acceptOutOfBand(caseId, ACT);
    const [first, second] = await Promise.allSettled([both(), both()]);
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
    expect([first, second].find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'review_case_closed' },
    });
    expect(await earnedBy(affiliateId)).toEqual([
      ['stripe', 600, 600],
      ['out_of_band', 1400, 1400],
    ]);
  });

  it('earns nothing for a referral that was rejected before, and is taken back when it is rejected afterwards', async () => {
    const before = await affiliateWith('before', { total: 10_000, offStripe: 10_000 });
    const after = await affiliateWith('after', { total: 10_000, offStripe: 7000 });
    await accept(after.affiliateId);
    for (const { affiliateId } of [before, after]) {
      const referral = await api.database.prisma.referral.findFirstOrThrow({ where: { affiliateId } });
      const signal = { key: 'finding', summary: 'A finding.', evidence: {}, referralId: referral.id };
      const caseId = await api.database.transaction((tx) =>
        api.app.get(ReviewCases).open(tx, { affiliateId, rule: 'transfer_reversed', signal }),
      );
      await api.app.get(CaseDecisions).reject(caseId, ACT);
    }
    expect(await accept(before.affiliateId)).toMatchObject({ earned: [] });
    expect(await earnedBy(before.affiliateId)).toEqual([]);
    expect(await earnedBy(after.affiliateId)).toEqual([
      ['stripe', 600, 0],
      ['out_of_band', 1400, 0],
    ]);
    // Nothing more of a rejected referral is asked about.
    await payPartly(after.userId, { id: `in_asked_${year}`, total: 1000, offStripe: 1000 });
    expect(
      await api.database.prisma.reviewCase.count({ where: { affiliateId: after.affiliateId, status: 'open' } }),
    ).toBe(0);
  });

  it('waits for an invoice of the referral that is being settled, and sees it', async () => {
    const { affiliateId, userId } = await affiliateWith('rush', { total: 10_000, offStripe: 10_000 });
    const caseId = await caseOf(affiliateId);
    const another = await api.database.prisma.stripeInvoice.findFirstOrThrow({ where: { referredUserId: userId } });
    const invoices = [
      { ...another, id: `in_rush_more_${year}`, amountPaidOffStripeMinor: 4000n, amountPaidMinor: 6000n },
    ];
    const effect = await overlap(
      api,
      (tx) => api.app.get(CommissionsService).record(tx, { invoices }, { occurredAt: api.clock.now() }),
      () => api.app.get(CaseDecisions).acceptOutOfBand(caseId, ACT),
    );
    // 10000 and 4000 outside, × 20 %.
    expect(effect).toMatchObject({ earned: [{ changeMinor: 2800n }] });
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 4000 }]);
  });
});

describe('what is taken back of an invoice that was paid both ways', () => {
  type Step = 'accept' | 'refund 30.00' | 'note 20.00' | 'note 80.00' | 'note voided';
  const orders: [Step[], [string, number, number][]][] = [
    // A refund goes back to the payment that it is of.
    [
      ['refund 30.00', 'accept'],
      [
        ['stripe', 600, 0],
        ['out_of_band', 1400, 1400],
      ],
    ],
    [
      ['accept', 'refund 30.00'],
      [
        ['stripe', 600, 0],
        ['out_of_band', 1400, 1400],
      ],
    ],
    // A credit note takes what Stripe was paid first: 3000 − 2000 = 1000, × 20 %.
    [
      ['note 20.00', 'accept'],
      [
        ['stripe', 600, 200],
        ['out_of_band', 1400, 1400],
      ],
    ],
    [
      ['accept', 'note 20.00'],
      [
        ['stripe', 600, 200],
        ['out_of_band', 1400, 1400],
      ],
    ],
    // Its 3000, and 5000 of the 7000: 2000 × 20 %.
    [
      ['note 80.00', 'accept'],
      [
        ['stripe', 600, 0],
        ['out_of_band', 1400, 400],
      ],
    ],
    [
      ['accept', 'note 80.00'],
      [
        ['stripe', 600, 0],
        ['out_of_band', 1400, 400],
      ],
    ],
    [
      ['accept', 'note 80.00', 'note voided'],
      [
        ['stripe', 600, 600],
        ['out_of_band', 1400, 1400],
      ],
    ],
    [
      ['note 80.00', 'accept', 'note voided'],
      [
        ['stripe', 600, 600],
        ['out_of_band', 1400, 1400],
      ],
    ],
    // The refund has taken Stripe's 3000, so the note takes all it can of the rest.
    [
      ['note 80.00', 'refund 30.00', 'accept'],
      [
        ['stripe', 600, 0],
        ['out_of_band', 1400, 0],
      ],
    ],
    [
      ['accept', 'refund 30.00', 'note 80.00'],
      [
        ['stripe', 600, 0],
        ['out_of_band', 1400, 0],
      ],
    ],
    [
      ['refund 30.00', 'accept', 'note 80.00'],
      [
        ['stripe', 600, 0],
        ['out_of_band', 1400, 0],
      ],
    ],
  ];

  it.each(orders.map(([steps, earned]) => [steps.join(', '), steps, earned] as const))(
    '%s',
    async (_title, steps, earned) => {
      const { affiliateId, invoiceId, payment } = await affiliateWith('both', { total: 10_000, offStripe: 7000 });
      const note = (type: string, outOfBand: number, status?: string) =>
        tell(
          api,
          type,
          creditNoteOf(api, { id: `cn_${year}`, invoice: invoiceId, outOfBand, ...(status && { status }) }),
        );
      for (const step of steps) {
        if (step === 'accept') await accept(affiliateId);
        if (step === 'refund 30.00') await tell(api, 'refund.created', refundOf(api, { payment, amount: 3000 }));
        if (step === 'note 20.00') await note('credit_note.created', 2000);
        if (step === 'note 80.00') await note('credit_note.created', 8000);
        if (step === 'note voided') await note('credit_note.voided', 8000, 'void');
      }
      expect(await earnedBy(affiliateId)).toEqual(earned);
      const total = earned.reduce((sum, [, , net]) => sum + net, 0);
      expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: total, lifetimeEarned: total }]);
    },
  );

  it('is told by the credit note in the words of both commissions', async () => {
    const { affiliateId, invoiceId } = await affiliateWith('words', { total: 10_000, offStripe: 7000 });
    await accept(affiliateId);
    await tell(
      api,
      'credit_note.created',
      creditNoteOf(api, { id: `cn_w_${year}`, invoice: invoiceId, outOfBand: 8000 }),
    );
    expect((await commissionsOf(api, affiliateId)).map(storyOf)).toEqual([
      ['earned +1400 = 1400', `reversed -1000 = 400 (cn_w_${year} issued)`],
      ['earned +600 = 600', `reversed -600 = 0 (cn_w_${year} issued)`],
    ]);
  });
});
