import type { ThresholdValues } from '../../../src/fraud/rules/fraud-rule.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { RuleWorld } from './rule-world.js';

let api: TestApp;
let world: RuleWorld;

beforeAll(async () => {
  api = await startTestApp();
  world = new RuleWorld(api);
});
afterAll(async () => api.close());

describe('the conversion rate', () => {
  it('is too high above 30 %, from 20 unique clicks or 10 referrals on, or with more referrals than clicks', async () => {
    const table: [string, referrals: number, clicks: number, uniqueClicks: number, isHit: boolean][] = [
      ['exactly 30 % of 20 visitors', 6, 25, 20, false],
      ['one more of 20 visitors', 7, 25, 20, true],
      ['all of 19 visitors but fewer than 10 of them', 9, 25, 19, false],
      ['exactly 30 % of 100 visitors', 30, 120, 100, false],
      ['31 % of 100 visitors', 31, 120, 100, true],
      ['10 referrals of 34 visitors, 29.4 %', 10, 40, 34, false],
      ['10 referrals of 33 visitors, 30.3 %', 10, 40, 33, true],
      ['10 referrals of 15 visitors, below 20 visitors', 10, 20, 15, true],
      ['10 referrals without any click', 10, 0, 0, true],
      ['9 referrals without any click', 9, 0, 0, false],
      ['a single visitor who signed up', 1, 1, 1, false],
      ['nobody', 0, 0, 0, false],
      ['a hundred thousand visitors, 1 %', 20, 110_000, 100_000, false],
    ];
    for (const [name, referrals, clicks, uniqueClicks] of table) {
      const affiliateId = await world.affiliate(name);
      if (referrals > 0) await world.referrals(affiliateId, referrals);
      if (clicks > 0) await world.clickDay(affiliateId, clicks, uniqueClicks);
    }
    const hits = await world.hits('conversion_rate');
    expect([...hits.keys()].sort()).toEqual(
      table
        .filter(([, , , , isHit]) => isHit)
        .map(([name]) => name)
        .sort(),
    );
  });

  it('leaves out whoever came by a promotion code, and had no link to click', async () => {
    const affiliateId = await world.affiliate('on a stage');
    const { prisma } = api.database;
    const code = {
      id: 'prc_stage',
      affiliateId,
      stripePromotionCodeId: 'promo_stage',
      code: 'STAGE',
      createdAt: new Date(),
    };
    await prisma.promotionCode.create({ data: code });
    const byCode = await world.referrals(affiliateId, 30);
    await prisma.referral.updateMany({ where: { id: { in: byCode } }, data: { promotionCodeId: code.id } });
    await world.referrals(affiliateId, 9);
    expect(await world.hitsOf('conversion_rate', affiliateId)).toEqual([]);
    await world.referrals(affiliateId, 1);
    const [hit] = await world.hitsOf('conversion_rate', affiliateId);
    expect(hit).toMatchObject({ evidence: { referrals: 10, uniqueClicks: 0, rateBps: null } });
  });

  it('sums up all days, and says what it saw', async () => {
    const affiliateId = await world.affiliate('over two days');
    await world.referrals(affiliateId, 9);
    await world.clickDay(affiliateId, 12, 10, 1);
    await world.clickDay(affiliateId, 12, 10, 40);
    const [hit] = await world.hitsOf('conversion_rate', affiliateId);
    expect(hit).toMatchObject({
      key: 'conversion_rate',
      subject: null,
      referral_id: null,
      evidence: { referrals: 9, uniqueClicks: 20, rateBps: 4500, maxRateBps: 3000 },
    });
    expect(world.sentence('conversion_rate', hit!)).toBe(
      '9 of 20 unique visitors signed up (45 %); 30 % is the limit.',
    );
  });

  it('reckons with clicks of the last second, which are in the sums of no day yet', async () => {
    const affiliateId = await world.affiliate('just now');
    await world.referrals(affiliateId, 12);
    await world.clickDay(affiliateId, 40, 39);
    expect(await world.hitsOf('conversion_rate', affiliateId)).toMatchObject([{ evidence: { uniqueClicks: 39 } }]);
    await api.database.prisma.uncountedClicks.create({
      data: { affiliateIds: [affiliateId], days: [new Date('2026-01-01')], visitorHashes: [Buffer.alloc(16)] },
    });
    expect(await world.hitsOf('conversion_rate', affiliateId)).toEqual([]);
  });

  it('reads those clicks once, however many affiliates are asked about them', async () => {
    const names = ['one', 'two', 'three', 'four', 'five'];
    const affiliateIds = await Promise.all(names.map((name) => world.affiliate(`many ${name}`)));
    for (const affiliateId of affiliateIds) await world.referrals(affiliateId, 12);
    await api.database.prisma.uncountedClicks.createMany({
      data: affiliateIds.map((affiliateId) => ({
        affiliateIds: [affiliateId],
        days: [new Date('2026-01-01')],
        visitorHashes: [Buffer.alloc(16, affiliateId)],
      })),
    });
    const reads = (await world.plan('conversion_rate', affiliateIds)).filter(
      ({ relation }) => relation === 'uncounted_clicks',
    );
    expect(reads).toEqual([{ relation: 'uncounted_clicks', loops: 1 }]);
    for (const affiliateId of affiliateIds) {
      expect(await world.hitsOf('conversion_rate', affiliateId)).toMatchObject([{ evidence: { uniqueClicks: 1 } }]);
    }
  });

  it('says so when the link was never clicked', async () => {
    const affiliateId = await world.affiliate('never clicked');
    await world.referrals(affiliateId, 12);
    const [hit] = await world.hitsOf('conversion_rate', affiliateId);
    expect(world.sentence('conversion_rate', hit!)).toBe('12 people signed up, although the link was never clicked.');
  });

  it.each<[string, ThresholdValues, boolean]>([
    ['another limit', { maxRateBps: 5000 }, false],
    ['a larger sample', { minUniqueClicks: 21, minReferrals: 11 }, false],
    ['a smaller one', { minUniqueClicks: 1, minReferrals: 1 }, true],
  ])('takes %s', async (_title, thresholds, isHit) => {
    const affiliateId = await world.affiliate('set otherwise');
    await world.referrals(affiliateId, 8);
    await world.clickDay(affiliateId, 20, 20);
    expect(await world.hitsOf('conversion_rate', affiliateId, thresholds)).toHaveLength(isHit ? 1 : 0);
  });

  it('gets worse in steps: with each doubling of the rate, and each quadrupling of the referrals', async () => {
    const levelOf = async (referrals: number, uniqueClicks: number): Promise<number | undefined> => {
      const affiliateId = await world.affiliate('in steps');
      await world.referrals(affiliateId, referrals);
      await world.clickDay(affiliateId, uniqueClicks, uniqueClicks);
      return (await world.hitsOf('conversion_rate', affiliateId))[0]?.level;
    };
    const levels = [
      await levelOf(8, 20),
      await levelOf(12, 20),
      await levelOf(12, 21),
      await levelOf(20, 20),
      await levelOf(80, 100),
    ];
    expect(levels).toEqual([1, 2, 1, 3, 4]);
  });
});
