import type { Stripe } from 'stripe';
import {
  control,
  createActiveAccount,
  createV2Account,
  sdkFor,
  startHarness,
  WEBHOOK_SECRET,
  type Harness,
} from './emulator-harness.js';

const RETURN_URL = 'https://app.example.com/return?a=1&b=2';
const REFRESH_URL = 'https://app.example.com/refresh';
const MINUTE_MS = 60_000;

describe('accounts and transfers in the Stripe emulator', () => {
  let harness: Harness;

  beforeEach(async () => {
    harness = await startHarness();
  });

  afterEach(() => harness.close());

  const v2Link = (account: string): Promise<Stripe.V2.Core.AccountLink> =>
    harness.stripe.v2.core.accountLinks.create({
      account,
      use_case: {
        type: 'account_onboarding',
        account_onboarding: { refresh_url: REFRESH_URL, return_url: RETURN_URL },
      },
    });

  const visit = (url: string, method = 'GET'): Promise<Response> => fetch(url, { method, redirect: 'manual' });

  const pressComplete = async (linkUrl: string): Promise<Response> => {
    const page = await (await visit(linkUrl)).text();
    return visit(`${harness.emulator.url}${/action="([^"]+)"/.exec(page)?.[1]}`, 'POST');
  };

  it('should onboard a v2 account through its page, tell it by snapshot and thin events, and show it in v1 too', async () => {
    const { clock, emulator, sink, stripe } = harness;
    const account = await createV2Account(stripe);
    expect(account.configuration?.recipient?.capabilities?.stripe_balance?.stripe_transfers).toMatchObject({
      status: 'restricted',
      status_details: [{ code: 'requirements_past_due' }],
    });
    expect(account.requirements?.entries?.length).toBeGreaterThan(0);
    expect((await stripe.v2.core.accounts.retrieve(account.id)).configuration).toBeUndefined();

    const link = await v2Link(account.id);
    expect(link).toMatchObject({
      object: 'v2.core.account_link',
      account: account.id,
      expires_at: '2026-01-31T10:05:00.500Z',
    });
    const page = await visit(link.url);
    const html = await page.text();
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(html).toContain('Ada &lt;Lovelace&gt;');
    expect(html).toContain('href="https://app.example.com/return?a=1&amp;b=2"');
    expect(html).not.toMatch(/<script|<Lovelace/);
    const done = await visit(`${emulator.url}${/action="([^"]+)"/.exec(html)?.[1]}`, 'POST');
    expect([done.status, done.headers.get('location')]).toEqual([303, RETURN_URL]);
    await emulator.settle();

    const active = await stripe.v2.core.accounts.retrieve(account.id, {
      include: ['configuration.recipient', 'requirements'],
    });
    expect(active.configuration?.recipient?.capabilities?.stripe_balance?.stripe_transfers?.status).toBe('active');
    expect(active.requirements?.entries).toEqual([]);
    expect(await stripe.accounts.retrieve(account.id)).toMatchObject({
      payouts_enabled: true,
      details_submitted: true,
      capabilities: { transfers: 'active' },
    });

    expect(sink.events().map(({ type, account: owner }) => [type, owner])).toEqual([
      ['account.updated', account.id],
      ['capability.updated', account.id],
      ['v2.core.account[configuration.recipient].capability_status_updated', undefined],
      ['v2.core.account[requirements].updated', undefined],
    ]);
    const thin = sink.deliveries[2]!;
    const notification = stripe.parseEventNotification(
      thin.body,
      thin.signature,
      WEBHOOK_SECRET,
      300,
      undefined,
      clock.now().getTime(),
    );
    expect(notification).toMatchObject({
      related_object: { id: account.id, type: 'v2.core.account', url: `/v2/core/accounts/${account.id}` },
    });
    expect(await stripe.v2.core.events.retrieve(notification.id)).toMatchObject({
      data: { updated_capability: 'stripe_balance.stripe_transfers' },
    });
    expect((await stripe.events.list({ types: ['account.updated'] })).data).toEqual([]);
  });

  it('should onboard a v1 account made with a controller', async () => {
    const { emulator, sink, stripe } = harness;
    const account = await stripe.accounts.create({
      country: 'TH',
      email: 'niran@example.com',
      controller: {
        stripe_dashboard: { type: 'express' },
        losses: { payments: 'application' },
        fees: { payer: 'application' },
      },
      capabilities: { transfers: { requested: true } },
      tos_acceptance: { service_agreement: 'recipient' },
      metadata: { affiliate: 'aff-1' },
    });
    expect(account).toMatchObject({
      payouts_enabled: false,
      capabilities: { transfers: 'inactive' },
      requirements: { disabled_reason: 'requirements.past_due' },
    });
    await expect(stripe.accounts.createLoginLink(account.id)).rejects.toMatchObject({ statusCode: 400 });

    const link = await stripe.accountLinks.create({
      account: account.id,
      type: 'account_onboarding',
      refresh_url: REFRESH_URL,
      return_url: RETURN_URL,
    });
    expect((await pressComplete(link.url)).headers.get('location')).toBe(RETURN_URL);
    await emulator.settle();
    expect(sink.types()).toEqual(['account.updated', 'capability.updated']);
    expect(await stripe.accounts.retrieve(account.id)).toMatchObject({
      capabilities: { transfers: 'active' },
      requirements: { currently_due: [], disabled_reason: null },
    });

    const login = await stripe.accounts.createLoginLink(account.id);
    expect([(await visit(login.url)).status, (await visit(login.url)).status]).toEqual([200, 410]);
    expect((await stripe.accounts.list({ limit: 1 })).data[0]?.id).toBe(account.id);
  });

  it('should open an account link once only, for five minutes only, and only for web addresses', async () => {
    const { clock, stripe } = harness;
    const { id } = await createV2Account(stripe);
    const link = await v2Link(id);
    expect((await visit(link.url)).status).toBe(200);
    const again = await visit(link.url);
    expect([again.status, again.headers.get('location')]).toEqual([303, REFRESH_URL]);

    const late = await v2Link(id);
    clock.advanceMs(5 * MINUTE_MS);
    expect((await visit(late.url)).headers.get('location')).toBe(REFRESH_URL);
    expect((await visit(`${harness.emulator.url}/setup/e/guessed`)).status).toBe(410);

    await expect(
      stripe.accountLinks.create({
        account: id,
        type: 'account_onboarding',
        refresh_url: REFRESH_URL,
        return_url: 'javascript:alert(1)',
      }),
    ).rejects.toMatchObject({ code: 'url_invalid', param: 'return_url' });
  });

  it('should restrict and deauthorize accounts and then refuse what Stripe would refuse', async () => {
    const { emulator, sink, stripe } = harness;
    const id = await createActiveAccount(harness);
    const transfer = { amount: 100, currency: 'usd', destination: id };
    await stripe.transfers.create(transfer);
    await control(emulator, 'POST', `accounts/${id}/restrict`);
    await expect(stripe.transfers.create(transfer)).rejects.toMatchObject({
      statusCode: 400,
      code: 'insufficient_capabilities_for_transfer',
    });
    await control(emulator, 'POST', `accounts/${id}/deauthorize`);
    await expect(stripe.transfers.create(transfer)).rejects.toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      param: 'destination',
    });
    await expect(stripe.accounts.retrieve(id)).rejects.toMatchObject({
      statusCode: 403,
      code: 'account_invalid',
    });
    await emulator.settle();
    expect(sink.types().at(-1)).toBe('account.application.deauthorized');
  });

  it('should pay an account’s money out to its bank, or have the bank send it back, as events of the account', async () => {
    const { emulator, sink, stripe } = harness;
    const id = await createActiveAccount(harness);
    await emulator.settle();
    sink.newTypes();
    emulator.payBank(id, { amount: 1200, currency: 'eur' });
    await emulator.settle();
    expect(sink.events().map(({ account }) => account)).toEqual([id, id]);
    expect(sink.newTypes()).toEqual(['payout.created', 'payout.paid']);

    const path = `accounts/${id}/fail-bank-payout`;
    const failed = await control(emulator, 'POST', path, { amount: 900, currency: 'eur', failure_code: 'no_account' });
    await emulator.settle();
    expect(sink.newTypes()).toEqual([
      'payout.created',
      'payout.failed',
      'account.updated',
      'account.external_account.updated',
    ]);
    expect(await stripe.payouts.retrieve(String(failed['id']), {}, { stripeAccount: id })).toMatchObject({
      status: 'failed',
      failure_code: 'no_account',
      amount: 900,
    });
    // Another account's payouts, and the platform's own, are other lists.
    expect((await stripe.payouts.list()).data).toEqual([]);
    await control(emulator, 'POST', `accounts/${id}/replace-bank-account`);
    await emulator.settle();
    expect(sink.newTypes()).toEqual([
      'account.updated',
      'account.external_account.created',
      'account.external_account.deleted',
    ]);
  });

  it('should ask for details by a date without stopping anything, in both APIs', async () => {
    const { clock, emulator, stripe } = harness;
    const id = await createActiveAccount(harness);
    const deadline = clock.seconds + 86_400;
    await control(emulator, 'POST', `accounts/${id}/request-details`, { requirements: ['individual.phone'], deadline });
    expect(await stripe.accounts.retrieve(id)).toMatchObject({
      payouts_enabled: true,
      requirements: {
        current_deadline: deadline,
        currently_due: ['individual.phone'],
        past_due: [],
        disabled_reason: null,
      },
    });
    expect((await stripe.v2.core.accounts.retrieve(id, { include: ['requirements'] })).requirements).toMatchObject({
      entries: [{ description: 'individual.phone', minimum_deadline: { status: 'currently_due' } }],
      summary: { minimum_deadline: { status: 'currently_due', time: new Date(deadline * 1000).toISOString() } },
    });
  });

  it('should move money by transfers and reversals, and tell both', async () => {
    const { emulator, sink, stripe } = harness;
    const destination = await createActiveAccount(harness);
    const usd = async (): Promise<number | undefined> =>
      (await stripe.balance.retrieve()).available.find(({ currency }) => currency === 'usd')?.amount;
    const before = (await usd())!;
    const transfer = await stripe.transfers.create({
      amount: 2500,
      currency: 'usd',
      destination,
      transfer_group: 'payout-1',
      metadata: { payoutId: 'payout-1' },
    });
    expect(transfer).toMatchObject({
      object: 'transfer',
      amount: 2500,
      currency: 'usd',
      destination,
      transfer_group: 'payout-1',
      amount_reversed: 0,
      reversed: false,
    });
    expect(await usd()).toBe(before - 2500);

    await stripe.transfers.createReversal(transfer.id, { amount: 1000 });
    expect(await stripe.transfers.retrieve(transfer.id)).toMatchObject({
      amount_reversed: 1000,
      reversed: false,
    });
    await expect(stripe.transfers.createReversal(transfer.id, { amount: 1501 })).rejects.toMatchObject({
      statusCode: 400,
      param: 'amount',
    });
    await stripe.transfers.createReversal(transfer.id);
    expect(await stripe.transfers.retrieve(transfer.id)).toMatchObject({
      amount_reversed: 2500,
      reversed: true,
    });
    expect((await stripe.transfers.listReversals(transfer.id)).data.map(({ amount }) => amount)).toEqual([1500, 1000]);
    await stripe.transfers.update(transfer.id, { metadata: { seen: 'yes' } });
    expect(await usd()).toBe(before);
    await emulator.settle();
    expect(sink.types().filter((type) => type.startsWith('transfer'))).toEqual([
      'transfer.created',
      'transfer.reversed',
      'transfer.reversed',
      'transfer.updated',
    ]);
  });

  it('should list transfers by group, destination and time, page by page', async () => {
    const { clock, stripe } = harness;
    const [first, second] = [await createActiveAccount(harness), await createActiveAccount(harness)];
    for (let index = 0; index < 25; index += 1) {
      clock.advanceMs(1000);
      await stripe.transfers.create({
        amount: index + 1,
        currency: 'eur',
        destination: index % 2 ? second : first,
        transfer_group: `group-${index}`,
      });
    }
    const all = await stripe.transfers.list({ limit: 7 }).autoPagingToArray({ limit: 100 });
    expect(all.map(({ amount }) => amount)).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
    expect((await stripe.transfers.list({ transfer_group: 'group-3' })).data.map(({ amount }) => amount)).toEqual([4]);
    expect((await stripe.transfers.list({ destination: second, limit: 100 })).data).toHaveLength(12);
    expect(
      (await stripe.transfers.list({ created: { gt: clock.seconds - 2, lte: clock.seconds } })).data.map(
        ({ amount }) => amount,
      ),
    ).toEqual([25, 24]);
    const page = await stripe.transfers.list({ limit: 3, ending_before: all[5]!.id });
    expect([page.data.map(({ amount }) => amount), page.has_more]).toEqual([[23, 22, 21], true]);
  });

  it.each<[string, Partial<Stripe.TransferCreateParams>, object]>([
    [
      'an account that does not exist',
      { destination: 'acct_nobody' },
      { code: 'resource_missing', param: 'destination' },
    ],
    ['more than is available', { amount: 501 }, { code: 'balance_insufficient' }],
    ['a currency that was never held', { currency: 'chf' }, { code: 'balance_insufficient' }],
    ['nothing', { amount: 0 }, { code: 'parameter_invalid_integer', param: 'amount' }],
    ['a fraction of a cent', { amount: 1.5 }, { code: 'parameter_invalid_integer', param: 'amount' }],
    ['an unknown currency', { currency: 'xxy' }, { param: 'currency' }],
  ])('should refuse to transfer to or of %s', async (_, wrong, error) => {
    const { emulator, stripe } = harness;
    const destination = await createActiveAccount(harness);
    await control(emulator, 'POST', 'balance', { usd: 500 });
    await expect(
      stripe.transfers.create({ amount: 500, currency: 'usd', destination, ...wrong }),
    ).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      statusCode: 400,
      ...error,
    });
    expect((await stripe.transfers.list()).data).toEqual([]);
    await stripe.transfers.create({ amount: 500, currency: 'usd', destination });
  });

  it('should refuse an account that was not onboarded, a missing parameter, a missing object and a wrong key', async () => {
    const { emulator, stripe } = harness;
    const { id } = await createV2Account(stripe);
    await expect(stripe.transfers.create({ amount: 1, currency: 'usd', destination: id })).rejects.toMatchObject({
      code: 'insufficient_capabilities_for_transfer',
    });
    await expect(
      stripe.transfers.create({ amount: 1, currency: 'usd' } as Stripe.TransferCreateParams),
    ).rejects.toMatchObject({ code: 'parameter_missing', param: 'destination' });
    await expect(stripe.customers.retrieve('cus_nobody')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      param: 'id',
    });
    await expect(stripe.v2.core.accounts.retrieve('acct_nobody')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    expect((await fetch(`${emulator.url}/v1/customers`)).status).toBe(401);
    const live = sdkFor(emulator);
    await expect(live.customers.list({}, { apiKey: 'sk_live_nope' })).rejects.toMatchObject({
      type: 'StripeAuthenticationError',
    });
  });
});
