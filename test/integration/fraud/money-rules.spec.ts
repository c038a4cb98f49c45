import type { ThresholdValues } from '../../../src/fraud/rules/fraud-rule.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { RuleWorld, type SaleFacts } from './rule-world.js';

let api: TestApp;
let world: RuleWorld;

beforeAll(async () => {
  api = await startTestApp({ now: '2026-11-20T12:30:00Z' });
  world = new RuleWorld(api);
});
beforeEach(async () => world.clear());
afterAll(async () => api.close());

describe('the payment method of the affiliate', () => {
  it('used by an own customer is found, whichever was known first and whatever it is', async () => {
    const affiliateId = await world.affiliate('one');
    const accountId = await world.account(affiliateId, 'fp_own', 'card');
    const { customerId, referralId } = await world.payer(affiliateId, 'fp_own');
    const hits = await world.hitsOf('own_payment_method', affiliateId);
    expect(hits).toMatchObject([
      {
        key: `${referralId}:${accountId}`,
        subject: customerId,
        referral_id: referralId,
        evidence: { customerId, accountId, kind: 'card' },
      },
    ]);
    expect(world.sentence('own_payment_method', hits[0]!)).toBe(
      `The customer ${customerId} paid by a card that the account ${accountId} is paid out to.`,
    );
  });

  it.each<[string, (affiliateId: string, other: string) => Promise<unknown>]>([
    ['another card', (affiliateId) => world.payer(affiliateId, 'fp_customer')],
    ["a customer of another affiliate's", (_, other) => world.payer(other, 'fp_own')],
    ['nobody', async () => undefined],
  ])('used by %s is none of its business', async (_title, happens) => {
    const affiliateId = await world.affiliate('one');
    const other = await world.affiliate('other');
    await world.account(affiliateId, 'fp_own');
    await happens(affiliateId, other);
    expect((await world.hits('own_payment_method')).size).toBe(0);
  });
});

describe('a payout account', () => {
  it('that two affiliates share is found for both, each naming the other', async () => {
    const one = await world.affiliate('one');
    const two = await world.affiliate('two');
    await world.account(one, 'fp_shared');
    await world.account(two, 'fp_shared');
    const both = await world.hits('shared_payout_account');
    expect([both.get('one')?.[0]?.subject, both.get('two')?.[0]?.subject]).toEqual([two, one]);
    expect(world.sentence('shared_payout_account', both.get('one')![0]!)).toBe(
      `${two} is or was paid out to the same bank account.`,
    );
    // Asked about one of them, both learn of it: it is news to the other, too.
    expect(await world.hitsOf('shared_payout_account', two)).toHaveLength(2);
  });

  it('of one affiliate, also by two of its accounts, is not', async () => {
    const one = await world.affiliate('one');
    await world.account(one, 'fp_own');
    await world.account(one, 'fp_own');
    await world.account(await world.affiliate('two'), 'fp_other');
    expect((await world.hits('shared_payout_account')).size).toBe(0);
  });

  it('that many share names ten others at most', async () => {
    for (let i = 0; i < 13; i++) await world.account(await world.affiliate(`one of many ${i}`), 'fp_mule');
    const hits = await world.hits('shared_payout_account');
    expect([...hits.values()].map((found) => found.length)).toEqual(Array(13).fill(10));
    expect(hits.get('one of many 3')?.[0]?.evidence).toMatchObject({ others: 12 });
  });
});

const DISPUTE = { source: 'dispute', status: 'needs_response' };

describe('disputes', () => {
  it.each<[string, { source: string; status: string; daysAgo?: number }[], boolean]>([
    ['two open ones', [DISPUTE, DISPUTE], true],
    [
      'a lost and an appealed one',
      [
        { ...DISPUTE, status: 'lost' },
        { ...DISPUTE, status: 'appeal_under_review' },
      ],
      true,
    ],
    ['a single one', [DISPUTE], false],
    ['one and an inquiry', [DISPUTE, { ...DISPUTE, status: 'warning_needs_response' }], false],
    ['one and a won one', [DISPUTE, { ...DISPUTE, status: 'won' }], false],
    ['one and a refund', [DISPUTE, { source: 'refund', status: 'succeeded' }], false],
    ['one, and one of half a year ago', [DISPUTE, { ...DISPUTE, daysAgo: 180 }], false],
  ])('%s', async (_title, losses, isHit) => {
    const affiliateId = await world.affiliate('one');
    for (const { daysAgo, ...loss } of losses) await world.sale(affiliateId, { loss, daysAgo });
    const all = await world.hits('dispute_monitoring');
    expect([...all.keys()]).toEqual(isHit ? ['one'] : []);
    // The two shapes of the query, over all and over some, agree.
    expect(await world.hitsOf('dispute_monitoring', affiliateId)).toEqual(all.get('one') ?? []);
  });

  it('are told again when they double', async () => {
    const affiliateId = await world.affiliate('one');
    const levels: number[] = [];
    for (let i = 1; i <= 5; i++) {
      await world.sale(affiliateId, { loss: DISPUTE });
      const [hit] = await world.hitsOf('dispute_monitoring', affiliateId, { minDisputes: 1 });
      levels.push(hit!.level);
    }
    expect(levels).toEqual([0, 1, 1, 2, 2]);
  });
});

describe('the share of lost invoices', () => {
  const LOST: [string, { source: string; status: string }][] = [
    ['refunds', { source: 'refund', status: 'succeeded' }],
    ['disputes', DISPUTE],
    ['credit notes', { source: 'credit_note', status: 'issued' }],
  ];

  it.each<[string, sold: number, lost: number, isHit: boolean, ThresholdValues]>([
    ['exactly 20 % of ten', 10, 2, false, {}],
    ['30 % of ten', 10, 3, true, {}],
    ['all of nine', 9, 9, false, {}],
    ['all of nine, where nine are enough', 9, 9, true, { minInvoices: 9 }],
    ['30 % where half is allowed', 10, 3, false, { maxRateBps: 5000 }],
  ])('%s', async (_title, sold, lost, isHit, thresholds) => {
    for (const [kind, loss] of LOST) {
      const affiliateId = await world.affiliate(kind);
      await world.sales(
        affiliateId,
        Array.from({ length: sold }, (_, i) => (i < lost ? { loss } : {})),
      );
    }
    const all = await world.hits('loss_rate', thresholds);
    expect([...all.keys()].sort()).toEqual(isHit ? ['credit notes', 'disputes', 'refunds'] : []);
    if (isHit) expect(world.sentence('loss_rate', all.get('refunds')![0]!)).toContain(`${lost} of ${sold} invoices`);
  });

  it('counts an invoice once, however often something of it went back, and nothing that failed or was voided', async () => {
    const affiliateId = await world.affiliate('one');
    await world.sales(affiliateId, Array<SaleFacts>(8).fill({}));
    await world.sale(affiliateId, { loss: { source: 'refund', status: 'failed' } });
    await world.sale(affiliateId, { loss: { source: 'credit_note', status: 'void' } });
    await world.sale(affiliateId, { loss: { source: 'refund', status: 'succeeded' } });
    const [payment] = await api.database.prisma.stripeLoss.findMany({ where: { status: 'succeeded' } });
    for (const id of ['re_2', 're_3']) await api.database.prisma.stripeLoss.create({ data: { ...payment!, id } });
    expect((await world.hits('loss_rate')).size).toBe(0);
    const [hit] = await world.hitsOf('loss_rate', affiliateId, { maxRateBps: 500 });
    expect(hit?.evidence).toEqual({ lostInvoices: 1, invoices: 11 });
  });
});

describe('the first commission', () => {
  /** So many commissions of 10.00. */
  const usual = async (count: number, currency = 'usd'): Promise<void> => {
    await world.sales(
      await world.affiliate(`usual ${currency}`),
      Array<SaleFacts>(count).fill({ currency, daysAgo: 3 }),
    );
  };

  it.each<[string, usualCount: number, amountMinor: bigint, isHit: boolean]>([
    ['ten times the median', 20, 10_000n, false],
    ['more than ten times the median', 20, 10_010n, true],
    ['far more, but too little to compare with', 18, 1_000_000n, false],
  ])('%s', async (_title, usualCount, amountMinor, isHit) => {
    await usual(usualCount);
    const affiliateId = await world.affiliate('new');
    const { referralId, commissionId } = await world.sale(affiliateId, { amountMinor });
    const hits = await world.hits('first_commission');
    expect([...hits.keys()]).toEqual(isHit ? ['new'] : []);
    if (!isHit) return;
    const [hit] = hits.get('new')!;
    expect(hit).toMatchObject({ key: commissionId, referral_id: referralId });
    expect(world.sentence('first_commission', hit!)).toBe(
      'The first commission is 100.10 USD; half of the newest ones are 10.00 USD or less.',
    );
  });

  it('is the first: a large one after a small one is a good customer', async () => {
    await usual(20);
    const affiliateId = await world.affiliate('established');
    await world.sale(affiliateId, { daysAgo: 2 });
    await world.sale(affiliateId, { amountMinor: 1_000_000n });
    expect((await world.hits('first_commission')).size).toBe(0);
  });

  it('is compared with its own currency', async () => {
    await usual(20, 'jpy');
    await world.sale(await world.affiliate('in dollars'), { amountMinor: 1_000_000n });
    expect((await world.hits('first_commission')).size).toBe(0);
  });
});
