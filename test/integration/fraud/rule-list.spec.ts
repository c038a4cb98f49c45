import { listRules, type ListedRule } from '../../../src/fraud/rule-list.js';
import { RuleSettings } from '../../../src/fraud/rule-settings.service.js';
import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import type { AttributionDto } from '../../../src/referrals/attribution/attribution.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { balancesOf, pay, sell } from '../../setup/sales.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let api: TestApp;

afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

async function listed(name: ListedRule['name']): Promise<ListedRule> {
  const rules = listRules(api.config, await api.app.get(RuleSettings).read());
  const rule = rules.find((one) => one.name === name);
  if (!rule) throw new Error(`${name} is not listed`);
  return rule;
}

/** A click of that many days ago, and the signup that comes of it. */
async function signUpAfter(days: number, more: object = {}): Promise<AttributionDto> {
  const { code } = await affiliateWithReferrals(api, `Window${days}`, []);
  const click = await api.request<{ clickId: string }>('POST', '/v1/clicks', { body: { code, ip: '203.0.113.7' } });
  api.clock.advance(days * DAY_MS);
  const body = { referredUserId: `after-${days}`, clickId: click.body.clickId, ...more };
  return (await api.request<AttributionDto>('POST', '/v1/referrals', { body })).body;
}

describe('the list of rules says what the engine does', () => {
  it.each([
    [{}, '30 days', 30, null],
    [{}, '30 days', 31, 'click_expired'],
    [{ COOKIE_WINDOW_DAYS: '7' }, '7 days', 7, null],
    [{ COOKIE_WINDOW_DAYS: '7' }, '7 days', 8, 'click_expired'],
  ] as const)(
    'about the window: with %j it is %s, and a signup after %i days is refused by %s',
    async (env, value, days, reason) => {
      api = await startTestApp({ env });
      expect(await listed('attribution_window')).toMatchObject({ level: 'always', value, setBy: 'COOKIE_WINDOW_DAYS' });
      const { attributed, reason: told } = await signUpAfter(days);
      expect([attributed, told ?? null]).toEqual([reason === null, reason]);
    },
  );

  it.each([
    [{}, '25.00 USD; as much in any other currency as in USD, unit for unit', ['below_minimum', 'below_minimum']],
    [
      { MIN_PAYOUT: 'usd:1500,jpy:2000' },
      '15.00 USD, 2000 JPY; as much in any other currency as in USD, unit for unit',
      ['paid', 'below_minimum'],
    ],
  ])('about the minimum: with %j it is %s', async (env, value, outcomes) => {
    api = await startTestApp({ env, now: '2026-11-20T12:00:00Z' });
    expect(await listed('minimum_payout')).toMatchObject({ level: 'always', value, setBy: 'MIN_PAYOUT' });
    const found: string[] = [];
    for (const [name, currency, total] of [
      ['Dollar', 'usd', 7500],
      ['Yen', 'jpy', 20],
    ] as const) {
      const { affiliateId } = await sell(api, name, { total, currency });
      await onboard(api, affiliateId);
      const { body } = await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: {} });
      const skipped = body.skipped.find((skip) => skip.affiliateId === affiliateId);
      found.push(skipped?.reason ?? 'paid');
    }
    expect(found).toEqual(outcomes);
  });

  it('about a rule with a level: set by staff, it refuses from then on and is listed so', async () => {
    api = await startTestApp();
    expect(await listed('click_ip_match')).toMatchObject({ level: 'off', levels: 'off, flag, hold, refuse' });
    expect(await signUpAfter(1, { ip: '203.0.113.7' })).toMatchObject({ attributed: true });
    const act = { staffUserId: 'stf_1', reason: 'The seed had it on' };
    await api.app.get(RuleSettings).change('click_ip_match', { mode: 'refuse' }, act);
    expect(await listed('click_ip_match')).toMatchObject({ level: 'refuse', setBy: 'staff' });
    expect(await signUpAfter(2, { ip: '203.0.113.7' })).toMatchObject({ attributed: false, reason: 'click_ip_match' });
  });

  it('about trial-to-paid and self-referral, which nobody can set', async () => {
    api = await startTestApp();
    expect(await listed('trial_to_paid')).toMatchObject({ level: 'always', value: '', setBy: null });
    const { affiliateId, userId } = await sell(api, 'Trial', { total: 0 });
    expect(await balancesOf(api, affiliateId)).toEqual([]);
    await pay(api, { id: 'in_first', payment: 'pi_first', customer: 'cus_Trial', userId, total: 5 });
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ currency: 'usd', payable: 1 }]);

    expect(await listed('attribution_precedence')).toMatchObject({
      value: 'promotion_code',
      setBy: 'ATTRIBUTION_PRECEDENCE',
    });
    expect(await listed('self_referral')).toMatchObject({ level: 'always', setBy: null });
    const { code } = await affiliateWithReferrals(api, 'Selfish', []);
    const body = { referredUserId: 'user-Selfish', code };
    expect((await api.request('POST', '/v1/referrals', { body })).body).toMatchObject({ reason: 'self_referral' });
    const act = { staffUserId: 'stf_1', reason: 'Let them' };
    await expect(api.app.get(RuleSettings).change('self_referral', { mode: 'off' }, act)).rejects.toMatchObject({
      code: 'rule_setting_invalid',
      message: expect.stringContaining('always refuses') as string,
    });
  });
});
