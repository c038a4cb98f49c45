import { AdjustmentsService, type Adjustment } from '../../../src/commissions/adjustments.service.js';
import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import { PayoutRunsService } from '../../../src/payouts/runs/payout-runs.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';

const CUT_OFF = new Date('2026-12-01T06:00:00Z');

let api: TestApp;
let affiliateId: string;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
  ({ id: affiliateId } = await affiliateWithReferrals(api, 'Adjusted', ['customer']));
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

const adjust = (amountMinor: bigint, more: Partial<Adjustment> = {}): Promise<boolean> =>
  api.database.transaction((tx) =>
    api.app.get(AdjustmentsService).adjust(tx, {
      adjustmentId: `adj-${amountMinor}-${more.currency}`,
      affiliateId,
      currency: 'usd',
      amountMinor,
      staffUserId: 'stf_1',
      reason: 'Missed by the webhook outage of 12 November',
      ...more,
    }),
  );
const entries = () =>
  api.database.prisma.journalEntry.findMany({ where: { kind: 'adjustment' }, orderBy: { id: 'asc' } });
const balances = async () =>
  (await api.request<{ balances: unknown[] }>('GET', `/v1/affiliates/${affiliateId}/balance`)).body.balances;
const balance = (currency: string, payable: number, lifetimeEarned = payable) => ({
  currency,
  held: 0,
  payable,
  inPayout: 0,
  paid: 0,
  lifetimeEarned,
});
const earn = async (total: number): Promise<void> => {
  await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'customer', total })));
  await api.settle();
};

describe('an adjustment', () => {
  it('gives to the affiliate, and takes from it, on the cent, and counts into what was earned', async () => {
    await earn(9900);
    await adjust(1234n);
    expect(await balances()).toEqual([balance('usd', 3214)]);
    await adjust(-213n);
    expect(await balances()).toEqual([balance('usd', 3001)]);
  });

  it('keeps who posted it and why, trimmed', async () => {
    await adjust(500n, { staffUserId: 'stf_42', reason: '  goodwill  ', adjustmentId: 'adj_7' });
    expect(await entries()).toMatchObject([
      {
        uniqueKey: 'adjustment:adj_7',
        staffUserId: 'stf_42',
        reason: 'goodwill',
        occurredAt: api.clock.now(),
        facts: {
          adjustmentId: 'adj_7',
          amountMinor: '500',
          currency: 'usd',
          staffUserId: 'stf_42',
          reason: 'goodwill',
        },
      },
    ]);
  });

  it('may take more than there is, and writes off a negative balance again', async () => {
    await adjust(-4000n);
    expect(await balances()).toEqual([balance('usd', -4000)]);
    await adjust(4000n, { reason: 'Written off: the affiliate is gone' });
    expect(await balances()).toEqual([balance('usd', 0)]);
  });

  it('is posted once per id, also twenty times at once, and another one under the same id is refused', async () => {
    const first = { adjustmentId: 'adj_1' };
    const posted = await Promise.all(Array.from({ length: 20 }, () => adjust(700n, first)));
    expect(posted.filter(Boolean)).toHaveLength(1);
    api.clock.advance(60_000);
    expect(await adjust(700n, first)).toBe(false);
    for (const other of [adjust(701n, first), adjust(700n, { ...first, reason: 'another reason' })])
      await expect(other).rejects.toMatchObject({ kind: 'conflict', code: 'ledger_conflict' });
    expect(await balances()).toEqual([balance('usd', 700)]);
  });

  it('moves in the steps of its currency', async () => {
    await adjust(1n, { currency: 'jpy' });
    await adjust(1010n, { currency: 'kwd' });
    await adjust(-300n, { currency: 'isk' });
    expect(await balances()).toEqual([balance('isk', -300), balance('jpy', 1), balance('kwd', 1010)]);
  });
});

describe('what is refused, and posts nothing', () => {
  afterEach(async () => expect(await entries()).toEqual([]));

  it.each([
    ['dinars off the step of ten', 1015n, { currency: 'kwd' }, 'rule', 'amount_off_step'],
    ['krónur with a fraction', -150n, { currency: 'isk' }, 'rule', 'amount_off_step'],
    ['nothing', 0n, {}, 'rule', 'amount_zero'],
    ['more than a JSON number holds', 2n ** 53n, {}, 'rule', 'amount_too_large'],
    ['a taking of more than a JSON number holds', -(2n ** 53n), {}, 'rule', 'amount_too_large'],
    ['a currency that does not exist', 100n, { currency: 'xyz' }, 'rule', 'currency_unknown'],
    ['a currency in capitals', 100n, { currency: 'USD' }, 'rule', 'currency_unknown'],
    ['an affiliate that does not exist', 100n, { affiliateId: 'aff_nobody' }, 'not_found', 'affiliate_not_found'],
    ['no reason but spaces', 100n, { reason: '    a ' }, 'rule', 'reason_length'],
    ['a reason of a page', 100n, { reason: 'a'.repeat(501) }, 'rule', 'reason_length'],
  ])('%s', async (_title, amountMinor, more, kind, code) => {
    await expect(adjust(amountMinor, more)).rejects.toMatchObject({ kind, code });
  });
});

describe('a payout run after it', () => {
  const preview = async () =>
    (await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: '2026-12' } })).body;
  const run = (period: string, cutOff: Date) => api.app.get(PayoutRunsService).run({ period, cutOff });
  const transfers = async () => (await hostStripe(api).transfers.list()).data.map(({ amount }) => amount);

  beforeEach(async () => onboard(api, affiliateId));

  it('pays what was given by the cut-off, nets what was taken at any time, and leaves the rest for the next run', async () => {
    await earn(9900);
    await adjust(2000n);
    api.clock.set('2026-12-01T08:00:00Z');
    await adjust(5000n);
    await adjust(-30n);
    const paid = 1980 + 2000 - 30;
    expect(await preview()).toMatchObject({ payouts: [{ affiliateId, amount: paid, currency: 'usd' }] });
    await run('2026-12', CUT_OFF);
    expect(await transfers()).toEqual([paid]);
    expect(await balances()).toEqual([{ ...balance('usd', 5000, paid + 5000), paid }]);
    await run('2027-01', new Date('2027-01-01T06:00:00Z'));
    expect(await transfers()).toEqual([5000, paid]);
  });

  it('does not pay whoever was taken below zero', async () => {
    await earn(9900);
    await adjust(-2000n);
    expect(await preview()).toMatchObject({
      payouts: [],
      skipped: [{ affiliateId, reason: 'negative_balance', amount: -20, currency: 'usd' }],
    });
    await run('2026-12', CUT_OFF);
    expect(await transfers()).toEqual([]);
  });
});
