import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { OnboardingLinkDto } from '../../../src/affiliates/onboarding/onboarding.dto.js';
import { OnboardingService } from '../../../src/affiliates/onboarding/onboarding.service.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';

describe.each(['v1', 'v2'])('onboarding links by Accounts %s', (version) => {
  let api: TestApp;
  let affiliate: AffiliateDto;

  beforeEach(async () => {
    api = await startTestApp({ env: { STRIPE_ACCOUNTS_API: version } });
    const body = { userId: 'u1', name: 'Ann', email: 'ann@example.com', country: 'DE' };
    ({ body: affiliate } = await api.request<AffiliateDto>('POST', '/v1/affiliates', { body }));
  });
  afterEach(async () => api.close());

  const link = (
    body?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<TestResponse<OnboardingLinkDto>> =>
    api.request('POST', `/v1/affiliates/${affiliate.id}/onboarding-links`, { body, headers });
  const current = async (): Promise<AffiliateDto> =>
    (await api.request<AffiliateDto>('GET', `/v1/affiliates/${affiliate.id}`)).body;
  const errorCode = ({ body }: TestResponse<unknown>): string => (body as ErrorBody).error.code;

  const control = async <T = unknown>(method: string, path: string): Promise<T> =>
    (await fetch(`${api.stripe.url}/_emulator/${path}`, { method })).json() as Promise<T>;
  const accounts = async (): Promise<unknown[]> => (await control<{ data: unknown[] }>('GET', 'objects/account')).data;

  it('are minted per call on one account, whatever the Idempotency-Key', async () => {
    const first = await link(undefined, { 'idempotency-key': 'same' });
    const second = await link({}, { 'idempotency-key': 'same' });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.url).not.toBe(first.body.url);
    expect(Date.parse(first.body.expiresAt)).toBeGreaterThan(api.clock.now().getTime());
    expect(await accounts()).toMatchObject([{ metadata: { affiliateId: affiliate.id }, country: 'DE' }]);
    expect((await current()).stripeAccountId).toMatch(/^acct_/);
  });

  it('come from one account, asked for ten times at the same moment by host and affiliate', async () => {
    const token = api.token('affiliate', 'u1');
    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        i % 2 ? link() : api.request('POST', '/v1/me/onboarding-links', { token }),
      ),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(await accounts()).toHaveLength(1);
  });

  it('lead to allowed hosts only', async () => {
    expect(
      (await link({ returnUrl: 'https://app.example.com/done?x=1', refreshUrl: 'https://app.example.com/again' }))
        .status,
    ).toBe(201);
    for (const url of [
      'https://evil.example/',
      'javascript:alert(1)',
      '/path',
      'https://app.example.com@evil.example/',
      'https://user@app.example.com/',
      'https://app.example.com:444/',
    ]) {
      const response = await link({ returnUrl: url });
      expect([url, response.status, errorCode(response)]).toEqual([url, 422, 'url_not_allowed']);
    }
  });

  it('wait for Stripe with 503; an account that was made without an answer is found again', async () => {
    // Twice, since the SDK sends again once when a socket closes.
    api.stripe.faults.add({ kind: 'drop_after_commit', method: 'POST', path: `/${version}/*`, count: 2 });
    api.stripe.faults.add({ kind: 'drop_after_commit', method: 'POST', path: `/${version}/core/accounts`, count: 2 });
    const failed = await link();
    expect([failed.status, errorCode(failed), failed.headers.get('retry-after')]).toEqual([
      503,
      'stripe_unavailable',
      '5',
    ]);
    api.stripe.faults.clear();
    api.clock.advance(60_000);
    expect((await link()).status).toBe(201);
    expect(await accounts()).toHaveLength(1);
  });

  it('ask Stripe anew once the country is put right', async () => {
    api.stripe.faults.add({
      kind: 'drop_after_commit',
      method: 'POST',
      path: version === 'v1' ? '/v1/accounts' : '/v2/core/accounts',
      count: 2,
    });
    expect((await link()).status).toBe(503);
    api.stripe.faults.clear();
    api.clock.advance(60_000);
    // Under the first request's key Stripe would refuse other particulars for days.
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { country: 'FR' } });
    expect((await link()).status).toBe(201);
    const { stripeAccountId } = await current();
    expect(await accounts()).toContainEqual(expect.objectContaining({ id: stripeAccountId, country: 'FR' }));
  });

  it('lead through onboarding, once each, and an account that is closed later is replaced', async () => {
    const { body } = await link();
    const page = await fetch(body.url);
    expect(page.status).toBe(200);
    expect((await fetch(body.url, { redirect: 'manual' })).status).toBe(303);

    const first = (await current()).stripeAccountId ?? '';
    await control('POST', `accounts/${first}/complete-onboarding`);
    const onboarding = api.app.get(OnboardingService, { strict: false });
    await onboarding.refreshAccount(first);
    expect(await current()).toMatchObject({ stripeAccountId: first, payoutsEnabled: true });

    await control('POST', `accounts/${first}/deauthorize`);
    expect(await onboarding.refreshAccount(first)).toBeNull();
    expect(await current()).toMatchObject({ stripeAccountId: first, payoutsEnabled: false });
    api.clock.advance(60_000);
    await link();
    const replaced = await current();
    expect(replaced.payoutsEnabled).toBe(false);
    expect(replaced.stripeAccountId).not.toBe(first);
  });

  it('have pages to come back to', async () => {
    for (const path of ['/onboarding/return', '/onboarding/refresh']) {
      const page = await api.request('GET', path, { token: '' });
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.text).not.toContain('<script');
    }
  });
});
