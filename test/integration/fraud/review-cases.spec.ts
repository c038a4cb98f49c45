import { ReviewCases, type Finding, type ReviewDecision } from '../../../src/fraud/review-cases.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { overlap } from '../../setup/overlap.js';

const FOUND_AT = '2026-11-20T12:00:00.000Z';

let api: TestApp;
let affiliateId: string;

beforeEach(async () => {
  api = await startTestApp({ now: FOUND_AT });
  ({ id: affiliateId } = await affiliateWithReferrals(api, 'Reviewed', []));
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

const cases = (): ReviewCases => api.app.get(ReviewCases);
const finding = (key: string, overrides: Partial<Finding> = {}): Finding => ({
  affiliateId,
  rule: 'paid_out_of_band',
  signal: {
    key,
    summary: `Invoice ${key} was paid outside Stripe.`,
    evidence: { invoiceId: key, amountMinor: '4200' },
  },
  ...overrides,
});
const open = (key: string, overrides?: Partial<Finding>): Promise<string> =>
  api.database.transaction((tx) => cases().open(tx, finding(key, overrides)));
const close = (id: string, overrides: Partial<ReviewDecision> = {}) =>
  api.database.transaction((tx) =>
    cases().close(tx, id, { decision: 'approved', staffUserId: 'staff-1', reason: 'The bank shows it.', ...overrides }),
  );
const stored = () =>
  api.database.prisma.reviewCase.findMany({
    orderBy: { id: 'asc' },
    include: { signals: { orderBy: { key: 'asc' } } },
  });
const signalKeys = async (): Promise<string[][]> =>
  (await stored()).map(({ signals }) => signals.map(({ key }) => key));

describe('a review case', () => {
  it('is opened by the first signal, with its evidence, and gathers the later ones', async () => {
    const id = await open('in_1', {
      signal: { key: 'in_1', summary: 'Paid by bank.', evidence: { amountMinor: '4200' }, stripeEventId: 'evt_1' },
    });
    api.clock.advance(1000);
    expect(await open('in_2')).toBe(id);
    expect(id).toMatch(/^case_[0-9a-z]{26}$/);
    expect(await stored()).toMatchObject([
      {
        id,
        affiliateId,
        rule: 'paid_out_of_band',
        holds: false,
        status: 'open',
        openedAt: new Date(FOUND_AT),
        closedAt: null,
        decidedBy: null,
        reason: null,
        signals: [
          { key: 'in_1', summary: 'Paid by bank.', evidence: { amountMinor: '4200' }, stripeEventId: 'evt_1' },
          { key: 'in_2', stripeEventId: null, foundAt: new Date('2026-11-20T12:00:01Z') },
        ],
      },
    ]);
  });

  it('takes a signal once, however often it is found', async () => {
    const id = await open('in_1');
    expect(await open('in_1')).toBe(id);
    expect(await signalKeys()).toEqual([['in_1']]);
  });

  it('is one per affiliate and rule, and says whether its rule holds', async () => {
    const { id: other } = await affiliateWithReferrals(api, 'Other', []);
    await open('same');
    await open('same', { rule: 'unknown_dispute_status' });
    await open('same', { affiliateId: other });
    expect((await stored()).map(({ affiliateId, rule, holds }) => [affiliateId, rule, holds])).toEqual([
      [affiliateId, 'paid_out_of_band', false],
      [affiliateId, 'unknown_dispute_status', true],
      [other, 'paid_out_of_band', false],
    ]);
  });

  it('holds from the first signal on that is found while its rule holds, and still does after one that is not', async () => {
    for (const [key, holds] of [
      ['in_1', false],
      ['in_2', true],
      ['in_3', false],
    ] as const) {
      const { rule, ...found } = finding(key);
      await api.database.transaction((tx) => cases().openAll(tx, rule, [found], holds));
      expect(await stored()).toMatchObject([{ holds: key !== 'in_1' }]);
    }
    expect(await signalKeys()).toEqual([['in_1', 'in_2', 'in_3']]);
  });

  it('is one with all signals when two transactions open it at once', async () => {
    const id = await overlap(
      api,
      (tx) => cases().open(tx, finding('in_1')),
      () => open('in_2'),
    );
    expect((await stored()).map((reviewCase) => reviewCase.id)).toEqual([id]);
    expect(await signalKeys()).toEqual([['in_1', 'in_2']]);
  });

  it('is one with each signal once when twenty transactions find five things at once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => open(`in_${i % 5}`)));
    expect(new Set(ids).size).toBe(1);
    expect(await signalKeys()).toEqual([['in_0', 'in_1', 'in_2', 'in_3', 'in_4']]);
  });

  it('is not there when the transaction that opened it rolls back', async () => {
    const failed = api.database.transaction(async (tx) => {
      await cases().open(tx, finding('in_1'));
      throw new Error('the handler failed');
    });
    await expect(failed).rejects.toThrow('the handler failed');
    expect(await stored()).toEqual([]);
  });
});

describe('a decision', () => {
  it('is recorded with who, when and why', async () => {
    const id = await open('in_1');
    api.clock.advance(60_000);
    const closed = await close(id, { decision: 'rejected', staffUserId: 'staff-7', reason: 'No such payment.' });
    expect(closed).toMatchObject({ id, affiliateId, rule: 'paid_out_of_band', status: 'rejected' });
    expect(await stored()).toMatchObject([
      {
        status: 'rejected',
        closedAt: new Date('2026-11-20T12:01:00Z'),
        decidedBy: 'staff-7',
        reason: 'No such payment.',
      },
    ]);
  });

  it('is final: a second one is a conflict and changes nothing, also at the same moment', async () => {
    const id = await open('in_1');
    const tries = await Promise.allSettled([
      close(id, { decision: 'approved' }),
      close(id, { decision: 'rejected' }),
      close(id, { decision: 'approved' }),
    ]);
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const decided = await stored();
    await expect(close(id, { decision: 'rejected' })).rejects.toMatchObject({
      kind: 'conflict',
      code: 'review_case_closed',
    });
    expect(await stored()).toEqual(decided);
  });

  it.each([
    ['who', { staffUserId: '' }],
    ['why', { reason: ' ' }],
  ])('that does not say %s is refused', async (_word, overrides) => {
    const id = await open('in_1');
    await expect(close(id, overrides)).rejects.toMatchObject({ code: 'decision_incomplete' });
    expect(await stored()).toMatchObject([{ status: 'open' }]);
  });

  it('about no case is refused', async () => {
    await expect(close('case_none')).rejects.toMatchObject({ kind: 'not_found', code: 'review_case_not_found' });
  });

  it('settles what it was about: the same signal does not come back, a new one opens a new case', async () => {
    const first = await open('in_1');
    await close(first);
    expect(await open('in_1')).toBe(first);
    const second = await open('in_2');
    expect(second).not.toBe(first);
    expect((await stored()).map(({ status }) => status)).toEqual(['approved', 'open']);
    expect(await signalKeys()).toEqual([['in_1'], ['in_2']]);
  });

  it('that is under way is waited for: a new signal joins no case that was judged without it', async () => {
    const id = await open('in_1');
    const later = await overlap(
      api,
      (tx) => cases().close(tx, id, { decision: 'approved', staffUserId: 'staff-1', reason: 'The bank shows it.' }),
      () => open('in_2'),
    );
    expect(later).not.toBe(id);
    expect(await signalKeys()).toEqual([['in_1'], ['in_2']]);
  });
});
