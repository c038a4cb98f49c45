import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { PlanDto } from '../../src/affiliates/plans/plan.dto.js';
import { HoldsService } from '../../src/commissions/holds.service.js';
import type { AttributionDto } from '../../src/referrals/attribution/attribution.dto.js';
import type { TestApp } from './app.js';
import { onboard } from './host.js';
import { runPeriod } from './payday.js';
import { pay, tell } from './sales.js';
import { disputeOf, refundOf, subscriptionOf } from './webhooks.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long before the last payday the story begins: long enough for a hold to run out. */
const BEFORE_PAYDAY_DAYS = 45;

/** When the last run was, as PAYOUT_CRON plans it. */
function lastPayday(now = new Date()): Date {
  const thisMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1, 6));
  return thisMonth <= now ? thisMonth : new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1, 6));
}

export const storyBegins = (): Date => new Date(lastPayday().getTime() - BEFORE_PAYDAY_DAYS * DAY_MS);

/** The invoice of the example: 99.00 with 15.81 of tax earns 20 % of 83.19, rounded down. */
export const EXAMPLE = { id: 'in_example', total: 9900, totalExcludingTax: 8319 };
/** An invoice of which 40.00 were refunded after its commission had been paid out; what remains is an endless fraction. */
export const REFUNDED = { id: 'in_refunded', total: 14_900, totalExcludingTax: 12_521 };

/**
 * A quarter of John's business: clicks every day, signups and refusals, two currencies, a payout on the last payday, and
 * then a refund and a dispute of what was in it.
 */
export async function tellJohnsStory(api: TestApp): Promise<AffiliateDto> {
  const begin = api.clock.now().getTime();
  const payday = lastPayday().getTime();
  const sincePayday = Date.now() - payday;
  const day = (days: number): void => api.clock.set(new Date(begin + days * DAY_MS));
  const after = (part: number): void => api.clock.set(new Date(payday + part * sincePayday));

  const patient = await makePlan(api, 'patient', 30);
  const prompt = await makePlan(api, 'prompt', 0);
  const john = await makeAffiliate(api, 'john', 'John Doe', { planId: patient.id });
  await onboard(api, john.id);
  const lateClick = await clicksOfDay(api, john.code, 0);
  day(1);
  for (const name of ['anna', 'ben', 'carla', 'hugo']) await signUp(api, john.code, name);
  await refusedSignUp(api, { referredUserId: 'john-again', code: john.code, email: 'john+second@example.com' });
  await refusedSignUp(api, { referredUserId: 'throwaway', code: john.code, email: 'x@mailinator.com' });
  await sellTo(api, 'anna', EXAMPLE);
  await sellTo(api, 'ben', REFUNDED);
  await sellTo(api, 'carla', { id: 'in_disputed', total: 49_000, totalExcludingTax: 41_176 });
  for (let days = 2; days < BEFORE_PAYDAY_DAYS; days++) {
    day(days);
    await clicksOfDay(api, john.code, days);
    if (days % 2 === 0) await sellTo(api, 'hugo', { id: `in_hugo_${days}`, total: 1900 });
    if (days === 40) await refusedSignUp(api, { referredUserId: 'too-late', clickId: lateClick });
  }
  await signUp(api, john.code, 'dave-who-only-looks');

  after(0);
  await runPeriod(api, new Date(payday).toISOString().slice(0, 'yyyy-mm'.length));
  after(0.1);
  await tell(api, 'refund.created', refundOf(api, { id: 're_john', payment: 'pi_in_refunded', amount: 4000 }));
  // Whatever day of the month it is, something is still held.
  await sellTo(api, 'hugo', { id: 'in_hugo_again', total: 1900 });
  await changePlan(api, john.id, prompt.id);
  for (const name of ['eva', 'frank']) await signUp(api, john.code, name);
  after(0.3);
  const dispute = { id: 'dp_john', payment: 'pi_in_disputed', amount: 49_000 };
  await tell(api, 'charge.dispute.created', disputeOf(api, dispute));
  await sellTo(api, 'eva', { id: 'in_eva', total: 11_900, totalExcludingTax: 10_000, currency: 'eur' });
  after(0.6);
  await tell(api, 'charge.dispute.closed', disputeOf(api, { ...dispute, status: 'won' }));
  await sellTo(api, 'frank', { id: 'in_frank', total: 99_000, totalExcludingTax: 83_193 });
  after(0.8);
  await tell(api, 'customer.subscription.created', subscriptionOf(api, 'anna', 'active'));
  await sellTo(api, 'anna', { ...EXAMPLE, id: 'in_anna_again' });
  for (let part = 0; part < 1; part += 0.04) {
    after(part);
    await clicksOfDay(api, john.code, Math.round(part * 30) + 3);
  }
  api.clock.set(new Date());
  await api.app.get(HoldsService).releaseDueNow();
  return john;
}

export async function makeAffiliate(
  api: TestApp,
  slug: string,
  name: string,
  terms: { planId?: string; status?: 'pending' } = {},
): Promise<AffiliateDto> {
  const { status, body } = await api.request<AffiliateDto>('POST', '/v1/affiliates', {
    body: { userId: `user-${slug}`, name, email: `${slug}@example.com`, code: `${slug}-2027`, ...terms },
  });
  expect(status).toBe(201);
  return body;
}

async function makePlan(api: TestApp, name: string, holdDays: number): Promise<PlanDto> {
  return (await api.request<PlanDto>('POST', '/v1/plans', { body: { name, rateBps: 2000, holdDays } })).body;
}

async function changePlan(api: TestApp, affiliateId: string, planId: string): Promise<void> {
  expect((await api.request('PATCH', `/v1/affiliates/${affiliateId}`, { body: { planId } })).status).toBe(200);
}

/** More on some days than on others, some of them by links with a note. @returns the id of the first one. */
async function clicksOfDay(api: TestApp, code: string, day: number): Promise<string> {
  const count = 2 + ((day * 7) % 5) + Math.floor(day / 12);
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const subId = n % 3 === 0 ? 'newsletter' : n % 5 === 0 ? 'video-12' : undefined;
    const { status, body } = await api.request<{ clickId: string }>('POST', '/v1/clicks', {
      body: {
        code,
        subId,
        ip: `198.51.${day % 250}.${n + 1}`,
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/142',
      },
    });
    expect(status).toBe(201);
    ids.push(body.clickId);
  }
  return ids[0]!;
}

async function signUp(api: TestApp, code: string, name: string): Promise<void> {
  const { body } = await api.request<AttributionDto>('POST', '/v1/referrals', {
    body: { referredUserId: name, code, stripeCustomerId: `cus_${name}` },
  });
  expect(body.attributed).toBe(true);
}

async function refusedSignUp(api: TestApp, signup: object): Promise<void> {
  expect((await api.request<AttributionDto>('POST', '/v1/referrals', { body: signup })).body.attributed).toBe(false);
}

async function sellTo(
  api: TestApp,
  userId: string,
  invoice: { id: string; total: number; totalExcludingTax?: number; currency?: string },
): Promise<void> {
  await pay(api, { ...invoice, userId, customer: `cus_${userId}`, payment: `pi_${invoice.id}` });
}
