import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { NoticeDto, NoticePageDto } from '../../src/affiliates/notices/notice.dto.js';
import type { OnboardingDto } from '../../src/affiliates/onboarding/onboarding.dto.js';
import type { TestApp } from './app.js';

/** What happens to a connected account at Stripe: `atStripe(api, accountId, 'restrict', { problem: '…' })`. */
export async function atStripe(api: TestApp, accountId: string, what: string, body: object = {}): Promise<void> {
  const answer = await fetch(`${api.stripe.url}/_emulator/accounts/${accountId}/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect([what, answer.status]).toEqual([what, 200]);
  await api.settle();
}

export async function accountIdOf(api: TestApp, affiliateId: string): Promise<string> {
  const { body } = await api.request<AffiliateDto>('GET', `/v1/affiliates/${affiliateId}`);
  if (body.stripeAccountId === null) throw new Error(`${affiliateId} has no account`);
  return body.stripeAccountId;
}

export async function onboardingOf(api: TestApp, affiliateId: string): Promise<OnboardingDto> {
  return (await api.request<OnboardingDto>('GET', `/v1/affiliates/${affiliateId}/onboarding`)).body;
}

export async function noticesOf(api: TestApp, affiliateId: string): Promise<NoticeDto[]> {
  return (await api.request<NoticePageDto>('GET', `/v1/affiliates/${affiliateId}/notices`)).body.data;
}
