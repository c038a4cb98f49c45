import fc from 'fast-check';
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { ErasureDto } from '../../../src/erasures/erasure.dto.js';
import { countClicks } from '../../../src/referrals/clicks/count-clicks.js';
import { NightlyComparison } from '../../../src/rollups/nightly-comparison.js';
import { describeDifference } from '../../../src/rollups/rollup.js';
import { RollupsService, type RollupReport } from '../../../src/rollups/rollups.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { expectExactRollups, expectSoundLedger } from '../../setup/ledger.js';
import { deliver, disputeOf, eventOf, invoicePayment, paidInvoice, refundOf } from '../../setup/webhooks.js';
import { createAffiliate, visit } from '../referrals/visits.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const START = '2026-11-30T23:59:59.500Z';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: START, env: { TRUST_PROXY: '1', RATE_LIMIT_PUBLIC: '100000' } });
});
afterEach(async () => api.close());

const rollups = () => api.app.get(RollupsService);
const wrong = (reports: RollupReport[] | null): string[] =>
  (reports ?? []).flatMap(({ shown }) => shown.map(describeDifference));

/** Everything that is kept as a sum; rows of nothing but zeros say as much as no row. */
async function sums(): Promise<Record<string, unknown[]>> {
  const { clickDay, clickSubId, referralDay, referralEarning } = api.database.prisma;
  await countClicks(api.database.prisma);
  return {
    clickDays: await clickDay.findMany({
      where: { OR: [{ clicks: { not: 0 } }, { uniqueClicks: { not: 0 } }] },
      orderBy: [{ affiliateId: 'asc' }, { day: 'asc' }],
    }),
    subIds: await clickSubId.findMany({
      where: { clicks: { not: 0 } },
      orderBy: [{ affiliateId: 'asc' }, { subId: 'asc' }],
    }),
    referralDays: await referralDay.findMany({
      where: { OR: [{ signups: { not: 0 } }, { conversions: { not: 0 } }, { paying: { not: 0 } }] },
      orderBy: [{ affiliateId: 'asc' }, { day: 'asc' }],
    }),
    earnings: await referralEarning.findMany({
      where: { earnedMinor: { not: 0n } },
      orderBy: [{ referralId: 'asc' }, { currency: 'asc' }],
    }),
  };
}

type Act =
  | { kind: 'click'; whose: number; visitor: number; note: number | null; code: boolean }
  | { kind: 'signup' | 'pay' | 'refund' | 'dispute' | 'win' | 'cancel' | 'erase'; who: number; whose: number }
  | { kind: 'wait'; hours: number };

const who = fc.nat(5);
const whose = fc.nat(2);
const ACTS: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('click' as const),
      whose,
      visitor: fc.nat(2),
      note: fc.option(fc.nat(1)),
      code: fc.boolean(),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constantFrom('signup', 'pay', 'pay', 'refund', 'dispute', 'win', 'cancel', 'erase' as const),
      who,
      whose,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 400 }) }) },
);

/** A few weeks of three affiliates, whatever happens in them. Every event comes twice. */
class History {
  private readonly clicks = new Map<number, string>();
  private paid = 0;

  constructor(private readonly affiliates: AffiliateDto[]) {}

  async tell(act: Act): Promise<void> {
    if (act.kind === 'wait') api.clock.advance(act.hours * 60 * 60 * 1000);
    else if (act.kind === 'click') await this.click(act);
    else if (act.kind === 'signup') await this.signUp(act);
    else if (act.kind === 'erase') await api.request('POST', '/v1/erasures', { body: { userId: `user-${act.who}` } });
    else await this.tellOfMoney(act.kind, act.who);
  }

  private async click({ whose: index, visitor, note, code }: Act & { kind: 'click' }): Promise<void> {
    const { code: link } = this.affiliates[index]!;
    const sub = note === null ? '' : `?sub=note-${note}`;
    const { clickId } = await visit(api, `${link}${sub}`, { ip: `192.0.2.${visitor}` });
    if (!code && clickId !== null) this.clicks.set(visitor, clickId);
  }

  private async signUp({ who: user, whose: index }: { who: number; whose: number }): Promise<void> {
    const { code } = this.affiliates[index]!;
    const clickId = this.clicks.get(user);
    await api.request('POST', '/v1/referrals', {
      body: { referredUserId: `user-${user}`, code, clickId, stripeCustomerId: `cus_${user}` },
    });
  }

  private async tellOfMoney(kind: 'pay' | 'refund' | 'dispute' | 'win' | 'cancel', user: number): Promise<void> {
    const names = { userId: `user-${user}`, customer: `cus_${user}`, subscription: `sub_${user}` };
    const payment = `pi_${this.paid}`;
    if (kind === 'pay') {
      this.paid += 1;
      const invoice = `in_${this.paid}`;
      const payments = { invoice, payment: `pi_${this.paid}`, amount: 9900 };
      await this.twice('invoice_payment.paid', invoicePayment(api, payments));
      await this.twice('invoice.paid', paidInvoice(api, { id: invoice, ...names }));
    } else if (kind === 'refund') await this.twice('refund.created', refundOf(api, { payment, amount: 3300 }));
    else if (kind === 'cancel') await this.twice('customer.subscription.deleted', subscription(names));
    else {
      const status = kind === 'win' ? 'won' : 'needs_response';
      const dispute = disputeOf(api, { id: `dp_${this.paid}`, payment, amount: 9900, status });
      await this.twice(kind === 'win' ? 'charge.dispute.closed' : 'charge.dispute.created', dispute);
    }
  }

  private async twice(type: string, object: object): Promise<void> {
    await Promise.all([deliver(api, eventOf(api, type, object)), deliver(api, eventOf(api, type, object))]);
  }
}

function subscription({ userId, customer, subscription: id }: Record<string, string>): object {
  return {
    id,
    object: 'subscription',
    customer,
    status: 'canceled',
    currency: 'usd',
    metadata: { userId },
    items: { object: 'list', data: [], has_more: false },
    ended_at: Math.floor(api.clock.now().getTime() / 1000),
    canceled_at: null,
  };
}

async function happens(acts: Act[]): Promise<void> {
  const affiliates = [await createAffiliate(api), await createAffiliate(api), await createAffiliate(api)];
  const history = new History(affiliates);
  for (const act of acts) await history.tell(act);
  await api.settle();
  await eventually(async () =>
    expect(await api.database.prisma.erasure.count({ where: { status: 'pending' } })).toBe(0),
  );
}

describe('roll-ups', () => {
  it('say what they sum up after any history, and are rebuilt to the same numbers from whatever was broken', async () => {
    const [acts, seed] = fc.sample(fc.tuple(fc.array(ACTS, { minLength: 90, maxLength: 110 }), fc.nat()), {
      numRuns: 1,
      seed: 20261128,
    })[0]!;
    await happens(acts);
    await expectSoundLedger(api);
    await expectExactRollups(api);
    const before = await sums();
    for (const [name, rows] of Object.entries(before)) expect([name, rows.length > 0]).toEqual([name, true]);
    expect(wrong(await rollups().rebuild())).toEqual([]);

    // Some rows say something else, some are gone, and some are there for nothing.
    const pick = (n: number) => `hashtext(ctid::text || '${seed}') % 3 = ${n}`;
    const broken: [string, string][] = [
      ['click_days', 'clicks = clicks + 7, unique_clicks = unique_clicks - 1'],
      ['click_sub_ids', 'clicks = clicks * 2'],
      ['referral_days', 'signups = signups + 1, paying = paying - 2'],
      ['referral_earnings', 'earned_minor = -earned_minor - 1'],
    ];
    for (const [table, change] of broken) {
      await api.database.prisma.$executeRawUnsafe(`UPDATE ${table} SET ${change} WHERE ${pick(1)}`);
      await api.database.prisma.$executeRawUnsafe(`DELETE FROM ${table} WHERE ${pick(2)}`);
    }
    await api.database.prisma.$executeRaw`
      INSERT INTO referral_days (affiliate_id, day, signups, conversions, paying)
      SELECT id, '2026-01-01', 1, 2, 3 FROM affiliates`;
    expect(await sums()).not.toEqual(before);
    const told = wrong(await rollups().rebuild());
    expect(told).toContainEqual(expect.stringMatching(/^referral_days of aff_\w+, 2026-01-01: signups 1, counted 0; /));
    expect(await sums()).toEqual(before);
    expect(wrong(await rollups().rebuild())).toEqual([]);
    await expectSoundLedger(api);
  });

  it('are rebuilt while clicks, signups and payments go on, and none of those is lost or counted twice', async () => {
    const affiliates = [await createAffiliate(api), await createAffiliate(api)];
    const busy = async (lane: number): Promise<void> => {
      for (let n = 0; n < 12; n++) {
        const { code } = affiliates[(lane + n) % 2]!;
        const userId = `busy-${lane}-${n}`;
        await visit(api, `${code}?sub=lane-${n % 3}`, { ip: `198.51.100.${n % 7}` });
        await api.request('POST', '/v1/referrals', { body: { referredUserId: userId, code } });
        await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId })));
      }
    };
    const lanes = Promise.all([0, 1, 2, 3].map(busy));
    const progress = { isDone: false };
    void lanes.finally(() => (progress.isDone = true));
    do {
      await api.database.prisma.$executeRaw`UPDATE click_days SET clicks = clicks + 1`;
      await api.database.prisma.$executeRaw`UPDATE click_sub_ids SET clicks = clicks - 1`;
      await api.database.prisma.$executeRaw`UPDATE referral_days SET signups = signups - 3`;
      await api.database.prisma.$executeRaw`UPDATE referral_earnings SET earned_minor = earned_minor + 5`;
      expect(await rollups().rebuild()).not.toBeNull();
      await expectExactRollups(api);
    } while (!progress.isDone);
    await lanes;
    await api.settle();
    await expectSoundLedger(api);
    const days = await api.database.prisma.referralDay.aggregate({ _sum: { signups: true, conversions: true } });
    expect(days._sum).toEqual({ signups: 48, conversions: 48 });
  });

  it('are compared each night by one instance, which tells of a difference by an alert and in the metrics', async () => {
    const { code } = await createAffiliate(api);
    await visit(api, code);
    const nightly = api.app.get(NightlyComparison);
    const night = async (differences: number): Promise<void> => {
      api.clock.advance(DAY_MS);
      await Promise.all([nightly.tick(), nightly.tick()]);
      await nightly.tick();
      // What the database does not tell within two seconds is left out, until the next time.
      await eventually(async () => {
        const { text } = await api.request('GET', '/metrics', { token: '' });
        for (const rollup of ['click_days (clicks)', 'referral_days'])
          expect(text).toContain(`fairshare_rollup_differences{rollup="${rollup}"} ${differences}\n`);
      });
    };
    await night(0);
    await countClicks(api.database.prisma);
    await api.database.prisma.$executeRaw`UPDATE click_days SET clicks = 3`;
    await api.database.prisma.$executeRaw`
      INSERT INTO referral_days (affiliate_id, day, signups, conversions, paying)
      SELECT id, '2026-01-01', 1, 0, 0 FROM affiliates`;
    // The oldest day of clicks that is compared.
    api.clock.advance(33 * DAY_MS);
    await night(1);
    expect(wrong(await rollups().rebuild())).toEqual([
      expect.stringContaining('clicks 3, counted 1'),
      expect.stringContaining('signups 1, counted 0'),
    ]);
    await night(0);
    const checks = await api.database.prisma.rollupCheck.findMany({ orderBy: { id: 'asc' } });
    expect(checks.map(({ isExact }) => isExact)).toEqual([true, false, true]);
  });

  it('forget an erased affiliate’s notes for good, and go on counting an erased visitor', async () => {
    const affiliate = await createAffiliate(api);
    const { clickId } = await visit(api, `${affiliate.code}?sub=my-name`, { ip: '192.0.2.1' });
    await visit(api, affiliate.code, { ip: '192.0.2.2' });
    await api.request('POST', '/v1/referrals', { body: { referredUserId: 'erased', clickId } });
    for (const userId of ['erased', affiliate.userId]) {
      const { body } = await api.request<ErasureDto>('POST', '/v1/erasures', { body: { userId } });
      // Also while the clicks are still being searched.
      expect(wrong(await rollups().rebuild())).toEqual([]);
      await eventually(async () => {
        const { body: seen } = await api.request<ErasureDto>('GET', `/v1/erasures/${body.id}`);
        expect(seen.status).toBe('completed');
      });
    }
    expect(wrong(await rollups().rebuild())).toEqual([]);
    const { prisma } = api.database;
    expect(await prisma.click.findMany({ where: { subId: { not: null } } })).toEqual([]);
    expect(await prisma.clickSubId.findMany()).toEqual([]);
    await countClicks(prisma);
    expect(await prisma.clickDay.findMany()).toMatchObject([{ clicks: 2, uniqueClicks: 2 }]);
  });
});
