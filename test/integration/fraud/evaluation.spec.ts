import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import { PayoutRunsService } from '../../../src/payouts/runs/payout-runs.service.js';
import type { AttributionDto } from '../../../src/referrals/attribution/attribution.dto.js';
import { FraudEvaluation } from '../../../src/fraud/fraud-evaluation.service.js';
import { FraudScheduler } from '../../../src/fraud/fraud-scheduler.js';
import type { ReviewCaseDto, ReviewCasePageDto } from '../../../src/fraud/review-case.dto.js';
import { ReviewCases } from '../../../src/fraud/review-cases.service.js';
import { RuleSettings, type RuleSettingChange } from '../../../src/fraud/rule-settings.service.js';
import { Whitelist } from '../../../src/fraud/whitelist.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';
import { RuleWorld } from './rule-world.js';

const ACT = { staffUserId: 'stf_1', reason: 'Agreed with the affiliate.' };

let api: TestApp;
let world: RuleWorld;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
  world = new RuleWorld(api);
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

const evaluation = (): FraudEvaluation => api.app.get(FraudEvaluation);
const casesOf = async (affiliateId: string): Promise<ReviewCaseDto[]> =>
  (await api.request<ReviewCasePageDto>('GET', `/v1/review-cases?affiliateId=${affiliateId}`)).body.data;
const setRule = (change: RuleSettingChange) => api.app.get(RuleSettings).change('conversion_rate', change, ACT);
const approve = (caseId: string) =>
  api.database.transaction((tx) => api.app.get(ReviewCases).close(tx, caseId, { decision: 'approved', ...ACT }));
/** An affiliate whose rate is 60 %, put there past the rules. */
async function suspicious(name = 'suspicious'): Promise<string> {
  const affiliateId = await world.affiliate(name);
  await world.referrals(affiliateId, 12);
  await world.clickDay(affiliateId, 20, 20);
  return affiliateId;
}

describe('evaluating all affiliates', () => {
  it('opens one holding case for each that the rule hits, and tells the host with the fact', async () => {
    const hit = await suspicious();
    const honest = await world.affiliate('honest');
    await world.clickDay(honest, 400, 300);
    await world.referrals(honest, 3);
    expect(await evaluation().evaluateAll()).toBe(1);
    expect(await casesOf(hit)).toMatchObject([
      {
        rule: 'conversion_rate',
        holds: true,
        status: 'open',
        question: expect.stringContaining('real customers?') as string,
        signals: [
          {
            key: 'conversion_rate',
            summary: '12 of 20 unique visitors signed up (60 %); 30 % is the limit.',
            evidence: { referrals: 12, uniqueClicks: 20 },
            subject: null,
            referralId: null,
          },
        ],
        signalCount: 1,
      },
    ]);
    expect(await casesOf(honest)).toEqual([]);
    const events = await api.database.prisma.domainEvent.findMany();
    expect(events).toMatchObject([
      {
        id: expect.stringMatching(/^dev_/) as string,
        type: 'review_case.opened',
        data: { affiliateId: hit, rule: 'conversion_rate', holds: true, status: 'open' },
      },
    ]);
  });

  it('finds nothing new the second time, also twice at once', async () => {
    const hit = await suspicious();
    await Promise.all([evaluation().evaluateAll(), evaluation().evaluateAll()]);
    expect(await evaluation().evaluateAll()).toBe(0);
    expect(await casesOf(hit)).toMatchObject([{ signalCount: 1 }]);
  });

  it('does not ask again what staff have decided, until it has got materially worse', async () => {
    const hit = await suspicious();
    await evaluation().evaluateAll();
    await approve((await casesOf(hit))[0]!.id);
    await world.referrals(hit, 2);
    expect(await evaluation().evaluateAll()).toBe(0);
    // Better for a while, and then as bad as it was: nothing that staff do not know.
    await world.clickDay(hit, 15, 15, 2);
    expect(await evaluation().evaluateAll()).toBe(0);
    await world.referrals(hit, 60);
    expect(await evaluation().evaluateAll()).toBe(1);
    expect((await casesOf(hit)).map(({ status }) => status)).toEqual(['open', 'approved']);
    const types = (await api.database.prisma.domainEvent.findMany({ orderBy: { sequence: 'asc' } })).map(
      ({ type }) => type,
    );
    expect(types).toEqual(['review_case.opened', 'review_case.closed', 'review_case.opened']);
  });

  it('adds to the open case what got worse meanwhile', async () => {
    const hit = await suspicious();
    await evaluation().evaluateAll();
    await world.referrals(hit, 60);
    await evaluation().evaluateAll();
    expect(await casesOf(hit)).toMatchObject([{ status: 'open', signalCount: 2 }]);
  });

  it('never asks about a pair that staff have allowed for good', async () => {
    const hit = await suspicious();
    const allow = () =>
      api.database.transaction((tx) =>
        api.app.get(Whitelist).whitelistPair(tx, { affiliateId: hit, rule: 'conversion_rate', subject: null }, ACT),
      );
    await allow();
    await allow();
    await world.referrals(hit, 200);
    expect(await evaluation().evaluateAll()).toBe(0);
    expect(await casesOf(hit)).toEqual([]);
    const audited = await api.database.prisma.auditLog.findMany({ where: { action: 'review_pair.whitelisted' } });
    expect(audited).toMatchObject([
      { actorId: 'stf_1', subjectId: hit, after: { rule: 'conversion_rate', subject: null }, reason: ACT.reason },
    ]);
  });

  it('lets nobody allow for good what is a question about money', async () => {
    const hit = await suspicious();
    const pair = { affiliateId: hit, rule: 'transfer_reversed', subject: null };
    await expect(
      api.database.transaction((tx) => api.app.get(Whitelist).whitelistPair(tx, pair, ACT)),
    ).rejects.toMatchObject({ code: 'rule_not_whitelistable' });
  });

  it('reads any number of hits, in batches', async () => {
    await api.database.prisma.$executeRaw`
      INSERT INTO affiliates (id, user_id, name, country, status, plan_id, created_at)
      SELECT 'aff_' || n, 'u' || n, 'A', 'US', 'active', 'pln_default', now() FROM generate_series(1, 1203) n`;
    await api.database.prisma.$executeRaw`
      INSERT INTO referrals (id, affiliate_id, referred_user_id, status, decision_id, plan_version_id, occurred_at, created_at)
      SELECT 'ref_' || n, 'aff_' || n % 1203 + 1, 'c' || n, 'trial', 'dec_' || n, 'plv_default', now(), now()
      FROM generate_series(1, 12030) n`;
    expect(await evaluation().evaluateBeforeRun()).toBe(1203);
    expect(await api.database.prisma.reviewCase.count({ where: { status: 'open', holds: true } })).toBe(1203);
    expect(await evaluation().evaluateBeforeRun()).toBe(0);
  });
});

describe('when a referral arrives', () => {
  it('the conversion rate is looked at, in the same moment', async () => {
    const early = Array.from({ length: 5 }, (_, i) => `early-${i}`);
    const affiliate = await affiliateWithReferrals(api, 'busy', early);
    // The next day, so that it is not their pace that is found.
    api.clock.advance(24 * 60 * 60 * 1000);
    const signUp = (referredUserId: string) =>
      api.request('POST', '/v1/referrals', { body: { referredUserId, code: affiliate.code } });
    for (let i = 0; i < 4; i++) await signUp(`late-${i}`);
    expect(await casesOf(affiliate.id)).toEqual([]);
    await signUp('the-tenth');
    expect(await casesOf(affiliate.id)).toMatchObject([{ rule: 'conversion_rate', holds: true, status: 'open' }]);
  });

  it('a main journey of one click, one signup and one invoice is asked nothing', async () => {
    const affiliate = await affiliateWithReferrals(api, 'honest', []);
    const { body: click } = await api.request<{ clickId: string }>('POST', '/v1/clicks', {
      body: { code: affiliate.code, ip: '203.0.113.9', userAgent: 'Firefox' },
    });
    await api.request('POST', '/v1/referrals', {
      body: { referredUserId: 'c1', clickId: click.clickId, ip: '203.0.113.9', email: 'mary@example.com' },
    });
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'c1' })));
    await api.settle();
    await evaluation().evaluateAll();
    expect(await casesOf(affiliate.id)).toEqual([]);
  });
});

describe('before a payout run', () => {
  it('the conversion rate is looked at again, and who is held by it is not paid until staff approve', async () => {
    const affiliate = await affiliateWithReferrals(api, 'seller', ['c1']);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'c1', total: 15_000 })));
    await onboard(api, affiliate.id);
    await world.referrals(affiliate.id, 11);
    const { body: preview } = await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', {
      body: { period: '2026-12' },
    });
    expect(preview.payouts).toHaveLength(1);
    api.clock.set('2026-12-01T06:00:00Z');
    await api.app.get(PayoutRunsService).run({ period: '2026-12', cutOff: api.clock.now() });
    const payouts = () => api.database.prisma.payout.findMany({ select: { status: true, amountMinor: true } });
    expect(await payouts()).toEqual([]);
    expect(await api.database.prisma.payoutSkip.findMany()).toMatchObject([
      { reason: 'under_review', amountMinor: 3000n },
    ]);
    await approve((await casesOf(affiliate.id))[0]!.id);
    api.clock.set('2027-01-01T06:00:00Z');
    await api.app.get(PayoutRunsService).run({ period: '2027-01', cutOff: api.clock.now() });
    expect(await payouts()).toEqual([{ status: 'paid', amountMinor: 3000n }]);
  });
});

describe('a rule that is set', () => {
  it('to flag asks without holding; to hold, its open cases hold from then on', async () => {
    await setRule({ mode: 'flag' });
    const hit = await suspicious();
    await evaluation().evaluateAll();
    expect(await casesOf(hit)).toMatchObject([{ holds: false }]);
    await setRule({ mode: 'hold' });
    expect(await casesOf(hit)).toMatchObject([{ holds: true }]);
    await setRule({ mode: 'off' });
    expect(await casesOf(hit)).toMatchObject([{ holds: true, status: 'open' }]);
  });

  it('off asks nothing', async () => {
    await setRule({ mode: 'off' });
    await suspicious();
    expect(await evaluation().evaluateAll()).toBe(0);
  });

  it('to other thresholds uses them, and keeps those that were not named', async () => {
    expect(await setRule({ thresholds: { maxRateBps: 9000 } })).toMatchObject({
      mode: 'hold',
      thresholds: { maxRateBps: 9000, minReferrals: 10 },
    });
    await suspicious();
    expect(await evaluation().evaluateAll()).toBe(0);
    const audited = await api.database.prisma.auditLog.findMany({ where: { action: 'rule.changed' } });
    expect(audited).toMatchObject([
      {
        actorId: 'stf_1',
        subjectType: 'fraud_rule',
        subjectId: 'conversion_rate',
        before: { mode: 'hold', thresholds: { maxRateBps: 3000 } },
        after: { mode: 'hold', thresholds: { maxRateBps: 9000 } },
        reason: ACT.reason,
      },
    ]);
  });

  it('to what it is already changes and audits nothing', async () => {
    await setRule({ mode: 'hold' });
    expect(await api.database.prisma.auditLog.count({ where: { action: 'rule.changed' } })).toBe(0);
  });

  it.each<[string, string, RuleSettingChange, typeof ACT, string]>([
    ['a mode it does not have', 'conversion_rate', { mode: 'refuse' }, ACT, 'rule_setting_invalid'],
    [
      'a threshold out of bounds',
      'conversion_rate',
      { thresholds: { maxRateBps: 10_001 } },
      ACT,
      'rule_setting_invalid',
    ],
    [
      'a threshold that is no whole number',
      'conversion_rate',
      { thresholds: { maxRateBps: 0.5 } },
      ACT,
      'rule_setting_invalid',
    ],
    ['a threshold it does not have', 'conversion_rate', { thresholds: { toString: 1 } }, ACT, 'rule_setting_invalid'],
    ['another name', 'no_such_rule', { mode: 'off' }, ACT, 'fraud_rule_not_found'],
    ['no reason', 'conversion_rate', { mode: 'off' }, { ...ACT, reason: ' ' }, 'reason_length'],
  ])('with %s is refused', async (_title, rule, change, act, code) => {
    await expect(api.app.get(RuleSettings).change(rule, change, act)).rejects.toMatchObject({ code });
    expect(await api.database.prisma.fraudRuleSetting.count()).toBe(0);
  });
});

describe('a rule over signups', () => {
  const signUp = (code: string, body: object) =>
    api.request<AttributionDto>('POST', '/v1/referrals', { body: { referredUserId: 'c1', code, ...body } });

  it('refuses a throw-away address by default, also at a subdomain, and credits others', async () => {
    const { code } = await affiliateWithReferrals(api, 'a', []);
    for (const email of ['x@mailinator.com', 'x@sub.Mailinator.com']) {
      expect((await signUp(code, { email })).body).toMatchObject({ attributed: false, reason: 'blocked_email_domain' });
    }
    expect((await signUp(code, { email: 'x@example.com' })).body).toMatchObject({ attributed: true });
  });

  it('set to flag credits and asks about that referral; set to hold, the money waits', async () => {
    const affiliate = await affiliateWithReferrals(api, 'a', []);
    await api.app.get(RuleSettings).change('blocked_email_domain', { mode: 'flag' }, ACT);
    const first = await signUp(affiliate.code, { email: 'x@mailinator.com' });
    expect(first.body.attributed).toBe(true);
    expect(await casesOf(affiliate.id)).toMatchObject([
      {
        rule: 'blocked_email_domain',
        holds: false,
        signals: [
          {
            key: first.body.referral!.id,
            referralId: first.body.referral!.id,
            evidence: { mode: 'flag', domain: 'mailinator.com' },
            summary: 'The e-mail is at mailinator.com, a provider of throw-away addresses.',
          },
        ],
      },
    ]);
    await api.app.get(RuleSettings).change('blocked_email_domain', { mode: 'hold' }, ACT);
    await signUp(affiliate.code, { referredUserId: 'c2', email: 'y@mailinator.com' });
    expect(await casesOf(affiliate.id)).toMatchObject([{ holds: true, signalCount: 2 }]);
  });

  it('overrides the environment: the click address rule can be switched on without a restart', async () => {
    const affiliate = await affiliateWithReferrals(api, 'a', []);
    const click = async () =>
      (
        await api.request<{ clickId: string }>('POST', '/v1/clicks', {
          body: { code: affiliate.code, ip: '203.0.113.9' },
        })
      ).body.clickId;
    const from = { ip: '203.0.113.9' };
    await api.app.get(RuleSettings).change('click_ip_match', { mode: 'hold' }, ACT);
    expect((await signUp(affiliate.code, { ...from, clickId: await click() })).body.attributed).toBe(true);
    expect(await casesOf(affiliate.id)).toMatchObject([{ rule: 'click_ip_match', holds: true, signalCount: 1 }]);
    await api.app.get(RuleSettings).change('click_ip_match', { mode: 'refuse' }, ACT);
    expect(
      (await signUp(affiliate.code, { ...from, referredUserId: 'c2', clickId: await click() })).body,
    ).toMatchObject({
      attributed: false,
      reason: 'click_ip_match',
    });
  });
});

describe('the night', () => {
  it('has all rules look once, also when it was missed', async () => {
    const scheduler = api.app.get(FraudScheduler);
    const first = await suspicious('first');
    await scheduler.tick();
    expect(await casesOf(first)).toHaveLength(1);
    const second = await suspicious('second');
    await scheduler.tick();
    expect(await casesOf(second)).toEqual([]);
    api.clock.set('2026-11-21T04:00:00Z');
    await scheduler.tick();
    expect(await casesOf(second)).toHaveLength(1);
  });
});
