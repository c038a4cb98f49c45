import type { CommissionPageDto } from '../../../src/commissions/commission.dto.js';
import type { AttributionDto } from '../../../src/referrals/attribution/attribution.dto.js';
import type { ReferralDto } from '../../../src/referrals/referral.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';

describe('a customer that only a checkout session or its own metadata names', () => {
  let api: TestApp;
  let code: string;

  beforeAll(async () => {
    api = await startTestApp();
    ({ code } = await affiliateWithReferrals(api, 'checkout', []));
  });
  afterEach(async () => expectSoundLedger(api));
  afterAll(async () => api.close());

  const session = (userId: string, overrides: Record<string, unknown> = {}) =>
    deliver(
      api,
      eventOf(api, 'checkout.session.completed', {
        id: `cs_${userId}`,
        object: 'checkout.session',
        mode: 'subscription',
        customer: `cus_${userId}`,
        client_reference_id: userId,
        payment_link: null,
        ...overrides,
      }),
    );
  const customer = (userId: string) =>
    deliver(api, eventOf(api, 'customer.created', { id: `cus_${userId}`, object: 'customer', metadata: { userId } }));
  const invoice = (userId: string) =>
    deliver(
      api,
      eventOf(api, 'invoice.paid', paidInvoice(api, { id: `in_${userId}`, customer: `cus_${userId}`, total: 9900 })),
    );
  const signup = (userId: string) =>
    api.request<AttributionDto>('POST', '/v1/referrals', { body: { referredUserId: userId, code } });
  const earned = async (userId: string): Promise<number[]> => {
    const { body: referral } = await api.request<ReferralDto>('GET', `/v1/referrals/by-user/${userId}`);
    const { body } = await api.request<CommissionPageDto>('GET', `/v1/commissions?referralId=${referral.id}`);
    return body.data.map(({ netAmount }) => netAmount);
  };

  const steps = { session, customer, invoice, signup };
  it.each<[string, (keyof typeof steps)[]]>([
    ['session, invoice, signup', ['session', 'invoice', 'signup']],
    ['session, signup, invoice', ['session', 'signup', 'invoice']],
    ['invoice, session, signup', ['invoice', 'session', 'signup']],
    ['invoice, signup, session', ['invoice', 'signup', 'session']],
    ['signup, session, invoice', ['signup', 'session', 'invoice']],
    ['signup, invoice, session', ['signup', 'invoice', 'session']],
    ['customer, invoice, signup', ['customer', 'invoice', 'signup']],
    ['invoice, signup, customer', ['invoice', 'signup', 'customer']],
  ])('earns once whichever comes first: %s', async (title, order) => {
    const userId = title.replaceAll(', ', '-');
    for (const step of [...order, order[0] ?? 'session']) {
      await steps[step](userId);
      await api.settle();
    }
    expect(await earned(userId)).toEqual([1980]);
  });

  it('earns once when all three arrive at the same moment', async () => {
    const userIds = Array.from({ length: 20 }, (_, n) => `rush-${n}`);
    await Promise.all(userIds.flatMap((userId) => [session(userId), invoice(userId), signup(userId)]));
    await api.settle();
    for (const userId of userIds) expect(await earned(userId)).toEqual([1980]);
  });

  it.each<[string, (userId: string) => Promise<unknown>]>([
    ['the session', session],
    ['its metadata', customer],
  ])('is bound at once to a referral that is reported after %s', async (title, tell) => {
    const userId = `bound-by-${title.replace(' ', '-')}`;
    await tell(userId);
    await api.settle();
    expect((await signup(userId)).body.referral).toMatchObject({ stripeCustomerId: `cus_${userId}`, status: 'trial' });
  });

  it('is not taken from the address of a payment link, where anyone can write', async () => {
    await signup('linked');
    await session('linked', { payment_link: 'plink_1' });
    await invoice('linked');
    await api.settle();
    expect(await earned('linked')).toEqual([]);
  });

  it('stays who it first was, whatever a later checkout says', async () => {
    await signup('first');
    await signup('second');
    await session('first', { customer: 'cus_shared' });
    await api.settle();
    await session('second', { customer: 'cus_shared', id: 'cs_later' });
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { customer: 'cus_shared', total: 5000 })));
    await api.settle();
    expect(await earned('first')).toEqual([1000]);
    expect(await earned('second')).toEqual([]);
  });
});
