import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { OnboardingLinkDto } from '../../../src/affiliates/onboarding/onboarding.dto.js';
import { OnboardingService } from '../../../src/affiliates/onboarding/onboarding.service.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { AccountsOutOfReachError } from '../../../src/affiliates/onboarding/account-gateway.js';
import type { OnboardingDto } from '../../../src/affiliates/onboarding/onboarding.dto.js';
import { type RequestFaultKind, StripeEmulator } from '../../../src/stripe/emulator/index.js';
import { accountIdOf, atStripe, noticesOf, onboardingOf } from '../../setup/accounts.js';
import { FakeClock, startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { createTestDatabase } from '../../setup/database.js';
import { affiliateWithReferrals, onboard } from '../../setup/host.js';

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

  it('lead to allowed hosts and back to the dashboard only', async () => {
    expect((await link({ returnUrl: 'http://localhost:3000/dashboard/getting-paid?from=stripe' })).status).toBe(201);
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
      'http://localhost:3000/onboarding/return',
      'http://localhost:3001/dashboard/getting-paid',
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

describe.each(['v1', 'v2'])('how far an affiliate is, by Accounts %s', (version) => {
  let api: TestApp;
  let id: string;

  beforeEach(async () => {
    api = await startTestApp({ env: { STRIPE_ACCOUNTS_API: version } });
    ({ id } = await affiliateWithReferrals(api, 'Ann', []));
  });
  afterEach(async () => api.close());

  const link = () => api.request('POST', `/v1/affiliates/${id}/onboarding-links`);
  const seconds = (iso: string): number => Date.parse(iso) / 1000;

  it('is said in plain words, from the first click to a new account for one that was closed', async () => {
    expect(await onboardingOf(api, id)).toEqual({
      status: 'not_started',
      country: 'US',
      stripeAccountId: null,
      payoutsEnabled: false,
      requirements: [],
      message: 'To be paid, open an onboarding link and tell Stripe who you are and where your money should go.',
      checkedAt: null,
      accounts: [],
    });

    await link();
    const first = await accountIdOf(api, id);
    await api.app.get(OnboardingService, { strict: false }).refreshAccount(first);
    expect(await onboardingOf(api, id)).toMatchObject({
      status: 'in_progress',
      stripeAccountId: first,
      requirements: [
        { code: 'bank_account', text: 'Add a bank account for your payouts.', pastDue: true },
        { code: 'date_of_birth', text: 'Give your date of birth.', stripeCodes: ['individual.dob.day'] },
        { code: 'name', stripeCodes: ['individual.first_name', 'individual.last_name'] },
        { code: 'terms', text: "Accept Stripe's terms." },
      ],
      message:
        'To be paid, open a new onboarding link and add a bank account for your payouts, give your date of birth, ' +
        "give your name and accept Stripe's terms.",
      checkedAt: api.clock.now().toISOString(),
    });

    await onboard(api, id);
    expect(await onboardingOf(api, id)).toMatchObject({
      status: 'complete',
      payoutsEnabled: true,
      requirements: [],
      message: 'You can be paid.',
    });

    await atStripe(api, first, 'request-details', {
      requirements: ['individual.address.city', 'individual.address.line1'],
      deadline: seconds('2026-12-15T00:00:00Z'),
    });
    expect(await onboardingOf(api, id)).toMatchObject({
      status: 'complete',
      requirements: [
        { code: 'address', text: 'Give your address.', dueAt: '2026-12-15T00:00:00.000Z', pastDue: false },
      ],
      message: 'You can be paid. To keep it so, open a new onboarding link by 15 December 2026 and give your address.',
    });
    const due = {
      kind: 'requirements_due',
      message: 'You can be paid. To keep it so, open a new onboarding link by 15 December 2026 and give your address.',
      details: { dueAt: '2026-12-15T00:00:00.000Z', requirements: ['address'] },
    };
    expect(await noticesOf(api, id)).toMatchObject([due]);

    await atStripe(api, first, 'restrict', { problem: 'The document has expired.' });
    await atStripe(api, first, 'restrict', { problem: 'The document has expired.' });
    const restricted = {
      status: 'restricted',
      payoutsEnabled: false,
      requirements: [
        {
          code: 'document',
          text: 'Upload a photo of your identity document. Stripe says: The document has expired.',
          dueAt: null,
          pastDue: true,
          stripeCodes: ['individual.verification.document'],
        },
      ],
      message:
        'Stripe has paused your payouts until it has what is overdue. Open a new onboarding link and upload a photo of ' +
        'your identity document.',
    };
    expect(await onboardingOf(api, id)).toMatchObject(restricted);
    expect(await noticesOf(api, id)).toMatchObject([
      { kind: 'account_restricted', message: restricted.message, details: { requirements: ['document'] } },
      due,
    ]);
    const { body } = await api.request<OnboardingDto>('GET', '/v1/me/onboarding', {
      token: api.token('affiliate', 'user-Ann'),
    });
    expect(body).toEqual(await onboardingOf(api, id));

    await atStripe(api, first, 'restrict', { requirements: [], disabled_reason: 'rejected.fraud' });
    expect(await onboardingOf(api, id)).toMatchObject({
      status: 'restricted',
      message: 'Stripe has rejected the account; only its support can say more.',
    });

    await atStripe(api, first, 'deauthorize');
    expect(await onboardingOf(api, id)).toMatchObject({
      status: 'closed',
      stripeAccountId: first,
      message:
        'Your Stripe account was closed or disconnected. Open a new onboarding link to set up another one; what you ' +
        'have earned waits for it.',
    });
    api.clock.advance(60_000);
    await link();
    const second = await accountIdOf(api, id);
    expect(await onboardingOf(api, id)).toMatchObject({
      status: 'in_progress',
      stripeAccountId: second,
      checkedAt: null,
      accounts: [
        { stripeAccountId: second, connectedAt: '2026-12-01T12:01:00.000Z', replacedAt: null },
        { stripeAccountId: first, connectedAt: '2026-12-01T12:00:00.000Z', replacedAt: '2026-12-01T12:01:00.000Z' },
      ],
    });
    // Told once per change, not per event: it could not be paid already when it was closed.
    expect(await noticesOf(api, id)).toHaveLength(2);
  });

  it('is asked anew when the bank account changes', async () => {
    await onboard(api, id);
    const before = await onboardingOf(api, id);
    api.clock.advance(1000);
    await atStripe(api, await accountIdOf(api, id), 'replace-bank-account');
    const { checkedAt, ...rest } = await onboardingOf(api, id);
    expect([rest.status, checkedAt]).toEqual(['complete', api.clock.now().toISOString()]);
    expect(checkedAt).not.toBe(before.checkedAt);
  });

  it.each<[string, RequestFaultKind, abstract new (...args: never[]) => Error]>([
    ['a key without the permission', 'forbidden_403', AccountsOutOfReachError],
    ['a key that was revoked', 'unauthorized_401', AccountsOutOfReachError],
    ['an answer that is no account', 'bad_gateway_502', Error],
    ['Stripe being out of order', 'error_500', Error],
  ])('is not changed by %s', async (_, kind, expected) => {
    await onboard(api, id);
    const before = await onboardingOf(api, id);
    api.clock.advance(1000);
    for (const path of ['/v1/accounts/*', '/v2/core/accounts/*']) {
      api.stripe.faults.add({ kind, method: 'GET', path, body: 'empty_json', count: null });
    }
    const asking = api.app.get(OnboardingService, { strict: false }).refreshAccount(before.stripeAccountId ?? '');
    await expect(asking).rejects.toBeInstanceOf(expected);
    expect(await onboardingOf(api, id)).toEqual(before);
  });

  it('is nobody else’s to see, and nothing of an affiliate that does not exist', async () => {
    for (const what of ['onboarding', 'notices']) {
      const unknown = await api.request<ErrorBody>('GET', `/v1/affiliates/aff_nobody/${what}`);
      expect([unknown.status, unknown.body.error.code]).toEqual([404, 'affiliate_not_found']);
      const stranger = await api.request('GET', `/v1/me/${what}`, { token: api.token('affiliate', 'user-stranger') });
      expect(stranger.status).toBe(404);
    }
  });
});

describe('a platform that moves from one Accounts API to the other', () => {
  it.each([
    ['v1', 'v2'],
    ['v2', 'v1'],
  ])('from %s to %s keeps its accounts: they are read and linked as before', async (before, after) => {
    const database = await createTestDatabase();
    const clock = new FakeClock(new Date('2026-12-01T12:00:00Z'));
    const stripe = await StripeEmulator.start({ now: () => clock.now() });
    const shared = { databaseUrl: database.url, clock, stripe };
    let api = await startTestApp({ ...shared, env: { STRIPE_ACCOUNTS_API: before } });
    const { id } = await affiliateWithReferrals(api, 'Mover', []);
    await api.request('POST', `/v1/affiliates/${id}/onboarding-links`);
    const accountId = await accountIdOf(api, id);
    await api.close();

    api = await startTestApp({ ...shared, env: { STRIPE_ACCOUNTS_API: after } });
    const { body } = await api.request<OnboardingLinkDto>('POST', `/v1/affiliates/${id}/onboarding-links`);
    expect((await fetch(body.url)).status).toBe(200);
    await atStripe(api, accountId, 'complete-onboarding');
    await api.app.get(OnboardingService, { strict: false }).refreshAccount(accountId);
    expect(await onboardingOf(api, id)).toMatchObject({ status: 'complete', stripeAccountId: accountId });
    await api.close();
    await stripe.close();
    await database.drop();
  });
});

describe('an account by Accounts v1', () => {
  it('is made under the recipient agreement where it is in another country than the platform', async () => {
    const api = await startTestApp({ env: { STRIPE_ACCOUNTS_API: 'v1', DEFAULT_COUNTRY: 'DE' } });
    const agreements: unknown[] = [];
    for (const country of ['US', 'TH', null]) {
      const { body } = await api.request<AffiliateDto>('POST', '/v1/affiliates', {
        body: { userId: `u-${country}`, name: 'Ann', country },
      });
      await api.request('POST', `/v1/affiliates/${body.id}/onboarding-links`);
      const answer = await fetch(`${api.stripe.url}/v1/accounts/${await accountIdOf(api, body.id)}`, {
        headers: { authorization: 'Bearer sk_test_x' },
      });
      const account = (await answer.json()) as { country: string; tos_acceptance: { service_agreement: string } };
      agreements.push([account.country, account.tos_acceptance.service_agreement]);
    }
    // The emulator's platform is in the United States.
    expect(agreements).toEqual([
      ['US', 'full'],
      ['TH', 'recipient'],
      ['DE', 'recipient'],
    ]);
    await api.close();
  });
});
