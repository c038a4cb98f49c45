import type { AttributionDto } from '../../../src/referrals/attribution/attribution.dto.js';
import { FraudNewsList } from '../../../src/fraud/fraud-news.service.js';
import type { ReviewCaseDto, ReviewCasePageDto } from '../../../src/fraud/review-case.dto.js';
import { RuleSettings } from '../../../src/fraud/rule-settings.service.js';
import { atStripe } from '../../setup/accounts.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { pay, sell, tell } from '../../setup/sales.js';
import { deliver, disputeOf, eventOf } from '../../setup/webhooks.js';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

const rulesLook = (): Promise<void> => api.app.get(FraudNewsList).workThrough();
const casesOf = async (affiliateId: string): Promise<ReviewCaseDto[]> =>
  (await api.request<ReviewCasePageDto>('GET', `/v1/review-cases?affiliateId=${affiliateId}`)).body.data;
const accountOf = async (affiliateId: string): Promise<string> =>
  (await api.database.prisma.affiliate.findUniqueOrThrow({ where: { id: affiliateId } })).stripeAccountId!;
const newsLeft = async (): Promise<number> =>
  Number((await api.database.pool.query<{ n: string }>('SELECT count(*) AS n FROM fraud_news')).rows[0]?.n);

/** A charge as Stripe shows it: the method's part carries the fingerprint. */
const chargeOf = (customer: string, details: object): object => ({
  id: `ch_${customer}`,
  object: 'charge',
  customer,
  amount: 9900,
  currency: 'usd',
  payment_method_details: details,
});

describe("what Stripe tells of customers' cards and affiliates' bank accounts", () => {
  it.each(['charge first', 'account first'])(
    'finds a customer who pays with what the affiliate is paid to: %s',
    async (order) => {
      const { affiliateId } = await sell(api, 'own');
      await onboard(api, affiliateId);
      const account = await accountOf(affiliateId);
      const steps = [
        () => tell(api, 'charge.succeeded', chargeOf('cus_own', { type: 'card', card: { fingerprint: 'fp_own' } })),
        async () => {
          const card = { id: 'card_1', object: 'card', account, fingerprint: 'fp_own' };
          await deliver(api, eventOf(api, 'account.external_account.created', card, { account }));
          await api.settle();
        },
      ];
      for (const step of order === 'charge first' ? steps : steps.reverse()) await step();
      await rulesLook();
      expect(await casesOf(affiliateId)).toMatchObject([
        {
          rule: 'own_payment_method',
          holds: false,
          signals: [{ subject: 'cus_own', evidence: { accountId: account, kind: 'card' } }],
        },
      ]);
      expect(await newsLeft()).toBe(0);
    },
  );

  it('finds it also when the host binds the customer long after the payment', async () => {
    await tell(
      api,
      'charge.succeeded',
      chargeOf('cus_later', { type: 'us_bank_account', us_bank_account: { fingerprint: 'fp_1' } }),
    );
    const affiliate = await affiliateWithReferrals(api, 'late', []);
    await onboard(api, affiliate.id);
    const account = await accountOf(affiliate.id);
    const bank = { id: 'ba_1', object: 'bank_account', account, fingerprint: 'fp_1' };
    await deliver(api, eventOf(api, 'account.external_account.created', bank, { account }));
    await api.settle();
    await rulesLook();
    expect(await casesOf(affiliate.id)).toEqual([]);
    await api.request<AttributionDto>('POST', '/v1/referrals', {
      body: { referredUserId: 'u', code: affiliate.code, stripeCustomerId: 'cus_later' },
    });
    await rulesLook();
    expect(await casesOf(affiliate.id)).toMatchObject([{ rule: 'own_payment_method', signalCount: 1 }]);
  });

  it.each<[string, object | null]>([
    ['a wallet without a fingerprint', { type: 'paypal', paypal: { payer_email: null } }],
    ['no details at all', null],
    ['a method that is newer than this version', { type: 'some_future_thing' }],
  ])('keeps nothing of %s', async (_title, details) => {
    await tell(api, 'charge.succeeded', chargeOf('cus_1', details as object));
    expect(await api.database.prisma.customerPaymentMethod.count()).toBe(0);
    expect(await api.database.prisma.stripeEvent.findMany({ select: { status: true } })).toEqual([
      { status: 'processed' },
    ]);
  });

  it('finds two affiliates who give the same bank account, by the emulator as by Stripe', async () => {
    const ids: string[] = [];
    for (const name of ['one', 'two']) {
      const { id } = await affiliateWithReferrals(api, name, []);
      await onboard(api, id);
      ids.push(id);
      await atStripe(api, await accountOf(id), 'replace-bank-account', { fingerprint: 'fp_shared' });
    }
    await api.settle();
    await rulesLook();
    for (const [index, id] of ids.entries()) {
      expect(await casesOf(id)).toMatchObject([
        { rule: 'shared_payout_account', signals: [{ subject: ids[1 - index] }] },
      ]);
    }
  });

  it('hears from the emulator which card paid', async () => {
    const stripe = hostStripe(api);
    const customer = await stripe.customers.create({});
    await stripe.paymentIntents.create({
      amount: 5000,
      currency: 'usd',
      customer: customer.id,
      payment_method: 'pm_card_visa',
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    await api.settle();
    expect(await api.database.prisma.customerPaymentMethod.findMany()).toMatchObject([
      { customerId: customer.id, kind: 'card', fingerprint: expect.stringMatching(/\w{8,}/) as string },
    ]);
  });
});

describe('disputes', () => {
  it('are looked at when they arrive: the second one opens a case, and tells the same again only when they double', async () => {
    const { affiliateId } = await sell(api, 'first');
    const { code } = (await api.request<{ code: string }>('GET', `/v1/affiliates/${affiliateId}`)).body;
    const more = async (name: string): Promise<void> => {
      const sale = { id: `in_${name}`, payment: `pi_${name}`, customer: `cus_${name}`, userId: `user-${name}` };
      await api.request('POST', '/v1/referrals', {
        body: { referredUserId: sale.userId, code, stripeCustomerId: sale.customer },
      });
      await pay(api, sale);
    };
    await more('second');
    await tell(api, 'charge.dispute.created', disputeOf(api, { payment: 'pi_first', amount: 9900 }));
    await rulesLook();
    expect(await casesOf(affiliateId)).toEqual([]);
    await tell(api, 'charge.dispute.created', disputeOf(api, { payment: 'pi_second', amount: 9900 }));
    await rulesLook();
    expect(await casesOf(affiliateId)).toMatchObject([{ rule: 'dispute_monitoring', holds: false, signalCount: 1 }]);
    await rulesLook();
    expect(await casesOf(affiliateId)).toMatchObject([{ signalCount: 1 }]);
  });
});

describe('the list of news', () => {
  it('keeps what could not be looked at, and two readers share it', async () => {
    const { id } = await affiliateWithReferrals(api, 'one', []);
    const list = api.app.get(FraudNewsList);
    await api.database.transaction(async (tx) => {
      for (let i = 0; i < 30; i++) await list.note(tx, 'loss', id);
    });
    const settings = api.app.get(RuleSettings);
    const read = settings.read.bind(settings);
    settings.read = () => Promise.reject(new Error('the database is away'));
    await expect(list.workThrough()).rejects.toThrow('away');
    expect(await newsLeft()).toBe(30);
    settings.read = read;
    await Promise.all([list.workThrough(), list.workThrough()]);
    expect(await newsLeft()).toBe(0);
  });

  it('is not written when the transaction of what happened rolls back', async () => {
    const failed = api.database.transaction(async (tx) => {
      await api.app.get(FraudNewsList).note(tx, 'loss', 'aff_1');
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect(await newsLeft()).toBe(0);
  });
});

describe('a signup', () => {
  it('has its e-mail, domain and click looked at in the same moment, and keeps no e-mail', async () => {
    const { body: affiliate } = await api.request<{ id: string; code: string }>('POST', '/v1/affiliates', {
      body: { userId: 'john', name: 'John', email: 'john@own.dev' },
    });
    const { body: click } = await api.request<{ clickId: string }>('POST', '/v1/clicks', {
      body: { code: affiliate.code, url: 'https://app.example.com/?gclid=1' },
    });
    const signUp = (referredUserId: string, email: string, more = {}) =>
      api.request<AttributionDto>('POST', '/v1/referrals', {
        body: { referredUserId, email, code: affiliate.code, ...more },
      });
    const first = (await signUp('u1', 'Mary.Jane@own.dev', { clickId: click.clickId })).body.referral!.id;
    const second = (await signUp('u2', 'maryjane+2@own.dev')).body.referral!.id;
    const cases = await casesOf(affiliate.id);
    expect(
      cases.map(({ rule, holds, signals }) => [rule, holds, signals.map(({ referralId }) => referralId).sort()]),
    ).toEqual(
      expect.arrayContaining([
        ['paid_search_click', false, [first]],
        ['same_email', false, [second]],
        ['same_email_domain', false, [first, second]],
      ]),
    );
    expect(cases).toHaveLength(3);
    const { rows } = await api.database.pool.query<{ dump: string }>(
      `SELECT string_agg(t::text, '') AS dump FROM (SELECT e::text AS t FROM referral_emails e UNION ALL SELECT s::text FROM review_signals s) t`,
    );
    expect(rows[0]?.dump).not.toMatch(/mary/i);
  });
});
