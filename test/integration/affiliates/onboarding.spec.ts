import { AccountGateway } from '../../../src/affiliates/account-gateway.js';
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { OnboardingLinkDto } from '../../../src/affiliates/onboarding.dto.js';
import { OnboardingService } from '../../../src/affiliates/onboarding.service.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { FakeAccountGateway } from '../../setup/fake-account-gateway.js';

let api: TestApp;
let accounts: FakeAccountGateway;
let affiliate: AffiliateDto;

beforeEach(async () => {
  api = await startTestApp();
  accounts = new FakeAccountGateway(api.clock).replace(api.app.get(AccountGateway));
  ({ body: affiliate } = await api.request<AffiliateDto>('POST', '/v1/affiliates', { body: { userId: 'u1', name: 'Ann', email: 'ann@example.com', country: 'DE' } }));
});
afterEach(async () => api.close());

const link = (body?: Record<string, unknown>, headers?: Record<string, string>): Promise<TestResponse<OnboardingLinkDto>> =>
  api.request('POST', `/v1/affiliates/${affiliate.id}/onboarding-links`, { body, headers });
const current = async (): Promise<AffiliateDto> => (await api.request<AffiliateDto>('GET', `/v1/affiliates/${affiliate.id}`)).body;

describe('onboarding links', () => {
  it('are minted per call on one account, whatever the Idempotency-Key', async () => {
    const first = await link(undefined, { 'idempotency-key': 'same' });
    const second = await link({}, { 'idempotency-key': 'same' });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body).toEqual({ url: 'https://connect.stripe.com/setup/acct_1/1', expiresAt: '2026-12-01T12:05:00.000Z' });
    expect(second.body.url).not.toBe(first.body.url);
    expect(accounts.created).toMatchObject([{ affiliateId: affiliate.id, country: 'DE', email: 'ann@example.com', name: 'Ann' }]);
    expect(accounts.links[0]).toEqual({
      accountId: 'acct_1',
      returnUrl: 'http://localhost:3000/onboarding/return',
      refreshUrl: 'http://localhost:3000/onboarding/refresh',
    });
    expect((await current()).stripeAccountId).toBe('acct_1');
  });

  it('come from one account, asked for ten times at the same moment by host and affiliate', async () => {
    const token = api.token('affiliate', 'u1');
    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? link() : api.request('POST', '/v1/me/onboarding-links', { token }))),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(accounts.created).toHaveLength(1);
  });

  it('lead to allowed hosts only', async () => {
    expect((await link({ returnUrl: 'https://app.example.com/done?x=1', refreshUrl: 'https://app.example.com/again' })).status).toBe(201);
    expect(accounts.links.at(-1)).toMatchObject({ returnUrl: 'https://app.example.com/done?x=1' });
    for (const url of ['https://evil.example/', 'javascript:alert(1)', '/path', 'https://app.example.com@evil.example/', 'https://user@app.example.com/', 'https://app.example.com:444/']) {
      const response = await link({ returnUrl: url });
      expect([url, response.status, (response.body as unknown as ErrorBody).error.code]).toEqual([url, 422, 'url_not_allowed']);
    }
  });

  it('wait for Stripe with 503, and the intent survives', async () => {
    accounts.isDown = true;
    const failed = await link();
    expect([failed.status, (failed.body as unknown as ErrorBody).error.code, failed.headers.get('retry-after')]).toEqual([503, 'stripe_unavailable', '5']);
    accounts.isDown = false;
    api.clock.advance(60_000);
    await link();
    // The key names the first intent, so an account that Stripe made although it did not answer would be found again.
    expect(accounts.created[0]?.idempotencyKey).toBe(`account:${affiliate.id}:${Date.parse('2026-12-01T12:00:00Z')}`);
  });

  it('ask Stripe anew once the country is put right', async () => {
    accounts.isDown = true;
    await link();
    accounts.isDown = false;
    api.clock.advance(60_000);
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { country: 'FR' } });
    await link();
    expect(accounts.created).toMatchObject([{ country: 'FR', idempotencyKey: `account:${affiliate.id}:${Date.parse('2026-12-01T12:01:00Z')}` }]);
  });

  it('replace an account that was closed', async () => {
    await link();
    const onboarding = api.app.get(OnboardingService, { strict: false });
    accounts.statuses.set('acct_1', { accountId: 'acct_1', detailsSubmitted: true, payoutsEnabled: true, requirementsDue: [] });
    await onboarding.refreshAccount('acct_1');
    expect(await current()).toMatchObject({ stripeAccountId: 'acct_1', payoutsEnabled: true });

    accounts.statuses.set('acct_1', null);
    expect(await onboarding.refreshAccount('acct_1')).toBeNull();
    expect(await current()).toMatchObject({ stripeAccountId: 'acct_1', payoutsEnabled: false });
    api.clock.advance(60_000);
    await link();
    expect(await current()).toMatchObject({ stripeAccountId: 'acct_2', payoutsEnabled: false });
  });

  it('have pages to come back to', async () => {
    for (const path of ['/onboarding/return', '/onboarding/refresh']) {
      const page = await api.request('GET', path, { token: '' });
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.text).not.toContain('<script');
    }
  });
});
