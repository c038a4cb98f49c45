import pg from 'pg';
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { FraudEvaluation } from '../../../src/fraud/fraud-evaluation.service.js';
import type { AttributionDto, DecisionDto } from '../../../src/referrals/attribution/attribution.dto.js';
import { ClickPartitions } from '../../../src/referrals/clicks/click-partitions.js';
import { countClicks } from '../../../src/referrals/clicks/count-clicks.js';
import type { ReferralDto } from '../../../src/referrals/referral.dto.js';
import type { StatsDto } from '../../../src/referrals/stats/stats.dto.js';
import { ClickRetention } from '../../../src/rollups/click-retention.js';
import { RollupsService } from '../../../src/rollups/rollups.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { expectExactRollups, expectSoundLedger } from '../../setup/ledger.js';
import { createAffiliate, visit } from '../referrals/visits.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** The last millisecond of which the clicks of November 2026 are kept: 400 days after it. */
const NOVEMBER_IS_TOO_OLD = '2028-01-05T00:00:00.000Z';
const DECEMBER_IS_TOO_OLD = '2028-02-05T00:00:00.000Z';

let api: TestApp;
let affiliate: AffiliateDto;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-10T12:00:00Z', env: { TRUST_PROXY: '1' } });
  affiliate = await createAffiliate(api);
});
afterEach(async () => api.close());

const tick = () => api.app.get(ClickRetention).tick();
const get = <T>(path: string, token?: string) => api.request<T>('GET', path, token === undefined ? {} : { token });
const signUp = (body: object) => api.request<AttributionDto>('POST', '/v1/referrals', { body });
const months = async (): Promise<string[]> =>
  (await api.app.get(RollupsService).clickMonths()).map(({ start }) => start.toISOString().slice(0, 7));
const clicksOn = (ip: string, sub: string) => visit(api, `${affiliate.code}?sub=${sub}`, { ip });

/** Clicks of November with two signups, one of them refused, and clicks of December. */
async function twoMonths(): Promise<{ clickId: string; referral: ReferralDto; refusalId: string }> {
  const { clickId } = await clicksOn('192.0.2.1', 'news');
  await clicksOn('192.0.2.1', 'news');
  const { body } = await signUp({ referredUserId: 'mary', clickId });
  const refused = await signUp({ referredUserId: affiliate.userId, clickId });
  api.clock.set('2026-12-01T00:00:00.000Z');
  await clicksOn('192.0.2.2', 'news');
  await clicksOn('192.0.2.3', 'talk');
  return { clickId: clickId!, referral: body.referral!, refusalId: refused.body.decisionId! };
}

async function expectNoFailure(paths: string[], token?: string): Promise<void> {
  for (const path of paths) expect([path, (await get(path, token)).status]).toEqual([path, 200]);
}

/** By the metrics, where what the database does not tell within two seconds is left out until the next time. */
const expectMonths = (state: string, count: number): Promise<void> =>
  eventually(async () => {
    const { text } = await get<string>('/metrics', '');
    expect(text).toContain(`fairshare_click_months{state="${state}"} ${count}\n`);
  });

describe('clicks older than their retention', () => {
  it('leave with their month; what was counted, and what points at them, stays and explains itself', async () => {
    const { clickId, referral, refusalId } = await twoMonths();
    const counted = await get<StatsDto>(`/v1/affiliates/${affiliate.id}/stats?from=2026-11-01&to=2026-12-31`);

    api.clock.set(new Date(Date.parse(NOVEMBER_IS_TOO_OLD) - 1));
    await tick();
    expect((await months())[0]).toBe('2026-11');
    api.clock.set(NOVEMBER_IS_TOO_OLD);
    await Promise.all([tick(), tick()]);

    expect((await months())[0]).toBe('2026-12');
    const { prisma } = api.database;
    expect(await prisma.click.count()).toBe(2);
    await countClicks(prisma);
    expect((await prisma.clickVisitor.findMany()).map(({ day }) => day.toISOString().slice(0, 7))).toEqual([
      '2026-12',
      '2026-12',
    ]);
    const audited = await prisma.auditLog.findMany({ where: { subjectType: 'click_month' }, orderBy: { id: 'asc' } });
    expect(audited.map(({ actorId, action, subjectId, after }) => [actorId, action, subjectId, after])).toEqual([
      ['system', 'clicks.detached', '2026_11', {}],
      ['system', 'clicks.dropped', '2026_11', { clicks: '2' }],
    ]);

    const again = await get<StatsDto>(`/v1/affiliates/${affiliate.id}/stats?from=2026-11-01&to=2026-12-31`);
    expect(again.body).toEqual(counted.body);
    expect(await prisma.clickSubId.findMany({ orderBy: { subId: 'asc' } })).toMatchObject([
      { subId: 'news', clicks: 3, archivedClicks: 2 },
      { subId: 'talk', clicks: 1, archivedClicks: 0 },
    ]);
    await expectExactRollups(api);
    const rebuilt = await api.app.get(RollupsService).rebuild();
    expect(rebuilt?.map(({ differences }) => differences)).toEqual([0, 0, 0, 0, 0]);

    expect((await get<ReferralDto>(`/v1/referrals/${referral.id}`)).body).toMatchObject({ clickId });
    const { body: decision } = await get<DecisionDto>(`/v1/attribution-decisions/${refusalId}`);
    expect(decision.rules.find(({ rule }) => rule === 'click_expired')?.evidence).toMatchObject({
      clickedAt: '2026-11-10T12:00:00.000Z',
    });
    await expectNoFailure([`/v1/attribution-decisions?clickId=${clickId}`, '/v1/referrals', '/v1/affiliates']);
    const mine = api.token('affiliate', affiliate.userId);
    await expectNoFailure(
      ['overview', 'referrals', 'attribution-decisions', 'attribution-decisions?format=csv', 'sub-ids', 'stats'].map(
        (name) => `/v1/me/${name}`,
      ),
      mine,
    );
    await api.app.get(FraudEvaluation).evaluateAll();
    expect((await api.request('POST', '/v1/erasures', { body: { userId: 'mary' } })).status).toBe(202);
    await expectSoundLedger(api);
  });

  it('credit nobody by the code that came with them, as one that was never stored does', async () => {
    const { clickId } = await twoMonths();
    api.clock.set(NOVEMBER_IS_TOO_OLD);
    await tick();
    const { code } = affiliate;
    const before = await signUp({ referredUserId: 'late', clickId, code });
    expect([before.status, before.body]).toMatchObject([200, { attributed: false, reason: 'click_expired' }]);
    expect((await signUp({ referredUserId: 'late', clickId })).body).toMatchObject({ reason: 'click_expired' });
    const never = await signUp({ referredUserId: 'late', clickId: 'clk_00000000000000000000000000', code });
    expect(never.body).toMatchObject({ attributed: true });
  });

  it('are kept from the first month on of which a day does not say what they do, and leave once it is rebuilt', async () => {
    await twoMonths();
    api.clock.set('2026-12-31T23:59:59.999Z');
    await clicksOn('192.0.2.4', 'talk');
    await countClicks(api.database.prisma);
    api.clock.set(DECEMBER_IS_TOO_OLD);
    for (const figure of ['clicks', 'unique_clicks']) {
      await api.database.prisma.$executeRawUnsafe(`UPDATE click_days SET ${figure} = 5 WHERE day = '2026-12-31'`);
      await tick();
      expect((await months())[0]).toBe('2026-12');
      await expectMonths('overdue', 1);
      await api.app.get(RollupsService).rebuild();
    }
    await tick();
    expect((await months())[0]).toBe('2027-01');
  });

  it('wait for whoever reads them, while new clicks are stored; what a process left detached is finished', async () => {
    await twoMonths();
    api.clock.set(NOVEMBER_IS_TOO_OLD);
    const reader = new pg.Client({ connectionString: api.ownerUrl });
    await reader.connect();
    try {
      await reader.query('BEGIN; LOCK TABLE clicks IN ACCESS SHARE MODE');
      const [, visited] = await Promise.all([tick(), visit(api, affiliate.code)]);
      expect(visited.clickId).not.toBeNull();
      expect((await months())[0]).toBe('2026-11');
      await reader.query('COMMIT');
      await reader.query('ALTER TABLE clicks DETACH PARTITION clicks_2026_11');
      // Notes of a month that is between are counted nowhere, and left alone.
      await expectExactRollups(api);
      await tick();
      expect((await reader.query("SELECT to_regclass('clicks_2026_11') AS name")).rows).toEqual([{ name: null }]);
    } finally {
      await reader.end();
    }
    await expectExactRollups(api);
    expect(await api.database.prisma.clickSubId.findFirst({ where: { subId: 'news' } })).toMatchObject({ clicks: 3 });
  });
});

describe('months of clicks to come', () => {
  it('are made ahead as time goes by, and their number is in the metrics', async () => {
    expect(await months()).toEqual(['2026-11', '2026-12', '2027-01']);
    api.clock.advance(31 * DAY_MS);
    const partitions = api.app.get(ClickPartitions);
    // Not even a backup, which reads clicks for hours, keeps them waiting.
    const reader = new pg.Client({ connectionString: api.ownerUrl });
    await reader.connect();
    await reader.query('BEGIN; LOCK TABLE clicks IN ACCESS SHARE MODE');
    await Promise.all([partitions.makeAheadByTheHour(), partitions.makeAheadByTheHour()]);
    await reader.end();
    expect(await months()).toEqual(['2026-11', '2026-12', '2027-01', '2027-02']);
    await expectMonths('ahead', 2);
  });
});
