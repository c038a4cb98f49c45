import { Secret, TOTP } from 'otpauth';
import { firstIdAt } from '../../src/common/ids.js';
import type { PayoutDto } from '../../src/payouts/payout.dto.js';
import type { StaffRole } from '../../src/staff/staff-role.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { callAs, postLogin, startPanel, type PanelCaller, type TestPanel } from '../setup/panel.js';
import { failTransfers, onlyPayout, payoutsOf, transfersOf } from '../setup/payday.js';
import { processEnv, runCommandProcess } from '../setup/processes.js';
import { balancesOf, commissionsOf, sell, tell } from '../setup/sales.js';
import { STAFF_PASSWORD } from '../setup/staff.js';
import { paidInvoice } from '../setup/webhooks.js';

/** What the panel's actions come to, against the built server: the effect, and the record of who did it and why. */
describe('done in the admin panel', () => {
  let panel: TestPanel;
  let callers: Record<Exclude<StaffRole, 'viewer'>, PanelCaller>;

  beforeAll(async () => {
    panel = await startPanel();
    const [reviewer, finance, admin] = await Promise.all(
      (['reviewer', 'finance', 'admin'] as const).map((role) => callAs(panel.url, role)),
    );
    callers = { reviewer: reviewer!, finance: finance!, admin: admin! };
  });
  afterAll(() => panel.close());
  afterEach(() => expectSoundLedger(panel.api));

  /** Does it as this role, and @returns what the panel answers that was done. */
  async function act(role: keyof typeof callers, path: string, form: Record<string, string>): Promise<string> {
    const { status, body, text } = await callers[role].post(`/api/resources/${path}`, form);
    expect({ status, text: status === 200 ? '' : text }).toEqual({ status: 200, text: '' });
    return body['notice'].message as string;
  }

  /** The records about this subject, oldest first: `who did what: why`. */
  async function audited(subjectId: string): Promise<string[]> {
    const { prisma } = panel.api.database;
    const records = await prisma.auditLog.findMany({ where: { subjectId }, orderBy: { id: 'asc' } });
    const names = new Map((await prisma.staffUser.findMany()).map(({ id, name }) => [id, name]));
    return records.map(({ actorId, action, reason }) => `${names.get(actorId) ?? actorId} ${action}: ${reason}`);
  }

  it('a failed payout is paid anew, then all that failed in the run, each by one more transfer', async () => {
    const ids: string[] = [];
    for (const name of ['Fail One', 'Fail Two', 'Fail Three']) {
      const { affiliateId } = await sell(panel.api, name, { total: 20_000 });
      await onboard(panel.api, affiliateId);
      ids.push(affiliateId);
    }
    failTransfers(panel.api, 'refused_400', null);
    await run(panel);
    panel.api.stripe.faults.clear();
    const [first, second, third] = ids as [string, string, string];
    const failed = await onlyPayout(panel.api, first);
    for (const id of ids) expect(await onlyPayout(panel.api, id)).toMatchObject({ status: 'failed', amount: 4000 });
    expect(await balancesOf(panel.api, first)).toMatchObject([{ payable: 4000, inPayout: 0, paid: 0 }]);

    const reason = 'The bank says it works now';
    expect(await act('finance', `payouts/records/${failed.id}/retry`, { reason })).toBe('A new payout is made.');
    await arrived(panel, first);
    expect(statusesOf(await payoutsOf(panel.api, first))).toEqual(['paid', 'failed']);
    expect(await balancesOf(panel.api, first)).toMatchObject([{ payable: 0, inPayout: 0, paid: 4000 }]);
    expect(await audited(failed.id)).toEqual([`finance payout.retried: ${reason}`]);
    expect(await onlyPayout(panel.api, second)).toMatchObject({ status: 'failed' });

    const all = { reason: 'And so do the others' };
    expect(await act('finance', `runs/records/${failed.runId}/retryFailed`, all)).toBe('2 payouts are made anew.');
    for (const id of [second, third]) {
      await arrived(panel, id);
      expect(await balancesOf(panel.api, id)).toMatchObject([{ payable: 0, inPayout: 0, paid: 4000 }]);
    }
    expect(await audited(failed.runId)).toEqual([`finance payout_run.failed_retried: ${all.reason}`]);
    expect((await transfersOf(panel.api)).map(({ amount }) => amount)).toEqual([4000, 4000, 4000]);
    // Whoever clicks once more has nothing made.
    expect(await act('finance', `runs/records/${failed.runId}/retryFailed`, all)).toBe('0 payouts are made anew.');
    expect(await transfersOf(panel.api)).toHaveLength(3);
  });

  it('money that was paid outside Stripe is accepted, and earns once', async () => {
    const { id: affiliateId } = await affiliateWithReferrals(panel.api, 'Outside', ['outside-customer']);
    const invoice = {
      ...paidInvoice(panel.api, { userId: 'outside-customer', total: 9900 }),
      amount_paid_off_stripe: 9900,
    };
    await tell(panel.api, 'invoice.paid', invoice);
    expect(await balancesOf(panel.api, affiliateId)).toEqual([]);
    const where = { affiliateId, rule: 'paid_out_of_band' };
    const { id } = await panel.api.database.prisma.reviewCase.findFirstOrThrow({ where });

    const reason = 'It is on the bank statement';
    const path = `review-cases/records/${id}/acceptOutOfBand`;
    expect(await act('reviewer', path, { reason })).toBe('The payment is accepted. 19.80 USD earned.');
    expect(await balancesOf(panel.api, affiliateId)).toMatchObject([{ currency: 'usd', payable: 1980 }]);
    expect(await commissionsOf(panel.api, affiliateId)).toMatchObject([{ amount: 1980, netAmount: 1980 }]);
    expect(await audited(id)).toEqual([`reviewer review_case.out_of_band_accepted: ${reason}`]);
    // The button is gone with the case, and whoever calls by hand is told the same.
    const { status, text } = await callers.reviewer.post(`/api/resources/${path}`, { reason });
    expect([status, text]).toEqual([409, expect.stringContaining('review_case_closed')]);
    expect(await balancesOf(panel.api, affiliateId)).toMatchObject([{ payable: 1980 }]);
  });

  it('a pair is allowed for good: the rule asks no more about it, and still about others', async () => {
    const { body: affiliate } = await panel.api.request<{ id: string; code: string }>('POST', '/v1/affiliates', {
      body: { userId: 'user-Pair', name: 'Pair', email: 'pair@agency.example' },
    });
    const signUp = (name: string): Promise<unknown> =>
      panel.api.request('POST', '/v1/referrals', {
        body: { referredUserId: `pair-${name}`, code: affiliate.code, email: `${name}@agency.example` },
      });
    const found = () =>
      panel.api.database.prisma.reviewSignal.count({
        where: { reviewCase: { affiliateId: affiliate.id, rule: 'same_email_domain' } },
      });
    await signUp('ann');
    expect(await found()).toBe(1);
    const where = { affiliateId: affiliate.id, rule: 'same_email_domain' };
    const { id } = await panel.api.database.prisma.reviewCase.findFirstOrThrow({ where });

    const form = { subject: 'agency.example', reason: 'An agency that refers its own clients' };
    const done = await act('reviewer', `review-cases/records/${id}/whitelistPair`, form);
    expect(done).toBe('This rule asks no more about agency.example.');
    await signUp('ben');
    expect(await found()).toBe(1);
    const pairs = await callers.reviewer.get('/api/resources/whitelist/actions/list');
    expect(pairs.body['records'][0].params).toMatchObject({
      affiliateId: affiliate.id,
      rule: 'same_email_domain',
      subject: 'agency.example',
      reason: form.reason,
    });
    expect(await audited(affiliate.id)).toEqual([`reviewer review_pair.whitelisted: ${form.reason}`]);
    // Somebody else's customers at that domain are asked about as before.
    const { body: other } = await panel.api.request<{ id: string; code: string }>('POST', '/v1/affiliates', {
      body: { userId: 'user-Other', name: 'Other', email: 'other@agency.example' },
    });
    const body = { referredUserId: 'pair-cleo', code: other.code, email: 'cleo@agency.example' };
    await panel.api.request('POST', '/v1/referrals', { body });
    expect(
      await panel.api.database.prisma.reviewCase.count({ where: { affiliateId: other.id, rule: where.rule } }),
    ).toBe(1);
  });

  it('a promotion code is given to an affiliate, credits whoever uses it, and is taken away', async () => {
    const stripe = hostStripe(panel.api);
    const { id: affiliateId } = await affiliateWithReferrals(panel.api, 'Coupon', []);
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
    const promotion = { type: 'coupon' as const, coupon: coupon.id };
    const { id: promotionCode } = await stripe.promotionCodes.create({ code: 'HALF', promotion });
    const form = { promotionCode: 'half', reason: 'For the spring videos' };
    const done = await act('reviewer', `affiliates/records/${affiliateId}/addPromotionCode`, form);
    expect(done).toBe('Whoever redeems HALF is credited to this affiliate from now on.');

    const customer = await stripe.customers.create({ metadata: { userId: 'coupon-customer' } });
    const product_data = { name: 'Pro' };
    const price = await stripe.prices.create({
      product_data,
      currency: 'usd',
      unit_amount: 20_000,
      recurring: { interval: 'month' },
    });
    await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      discounts: [{ promotion_code: promotionCode }],
    });
    await panel.api.settle();
    expect(await balancesOf(panel.api, affiliateId)).toMatchObject([{ currency: 'usd', payable: 2000 }]);

    const list = await callers.reviewer.get(`/api/resources/promotion-codes/actions/list`);
    const [row] = list.body['records'] as { id: string; params: object }[];
    expect(row?.params).toMatchObject({ code: 'HALF', affiliateId, state: 'active', uses: 1, credited: 1, waiting: 0 });
    const taken = await act('reviewer', `promotion-codes/records/${row?.id}/remove`, { reason: 'The videos are gone' });
    expect(taken).toBe('The code credits nobody any more.');
    expect(await audited(row!.id)).toEqual([
      'reviewer promotion_code.added: For the spring videos',
      'reviewer promotion_code.removed: The videos are gone',
    ]);
    expect(await balancesOf(panel.api, affiliateId)).toMatchObject([{ payable: 2000 }]);
  });

  it('somebody is made staff, given another role, a password, no code any more, shut out and let in again', async () => {
    const email = 'nina@example.com';
    const opens = async (password: string): Promise<number> => {
      const form = new URLSearchParams({ email, password });
      return (await fetch(`${panel.url}/admin/login`, { method: 'POST', redirect: 'manual', body: form })).status;
    };
    const made = { name: 'Nina', email, role: 'viewer', password: STAFF_PASSWORD, reason: 'Starts today' };
    expect(await act('admin', 'staff/actions/create', made)).toBe('Nina is staff now, as viewer.');
    const { id } = await panel.api.database.prisma.staffUser.findUniqueOrThrow({ where: { email } });
    let nina = await callAs(panel.url, 'nina');
    const exportList = '/api/resources/affiliates/actions/export';
    expect((await nina.get(exportList)).status).toBe(403);

    const done = (action: string, form: Record<string, string>) => act('admin', `staff/records/${id}/${action}`, form);
    expect(await done('changeRole', { role: 'finance', reason: 'Does the books' })).toBe('The role is finance now.');
    expect((await nina.get(exportList)).status).toBe(401);
    nina = await callAs(panel.url, 'nina');
    expect((await nina.get(exportList)).status).toBe(200);

    const { body } = await nina.post('/api/pages/my-account', { step: 'begin' });
    const totp = new TOTP({ secret: Secret.fromBase32(body['secret'] as string) });
    expect((await nina.post('/api/pages/my-account', { step: 'confirm', code: totp.generate() })).status).toBe(200);
    expect(await opens(STAFF_PASSWORD)).toBe(401);
    expect(await done('resetTotp', { reason: 'Lost the phone' })).toBe('No code is asked any more.');
    expect((await nina.get('/api/dashboard')).status).toBe(401);
    expect(await opens(STAFF_PASSWORD)).toBe(303);

    const password = 'another long password of 2026';
    expect(await done('setPassword', { password, reason: 'Forgot it' })).toBe('The password is set.');
    expect([await opens(STAFF_PASSWORD), await opens(password)]).toEqual([401, 303]);

    expect(await done('deactivate', { reason: 'Left' })).toBe('They cannot log in any more.');
    expect(await opens(password)).toBe(401);
    expect(await done('reactivate', { reason: 'Came back' })).toBe('They can log in again.');
    expect(await opens(password)).toBe(303);
    expect(await audited(id)).toEqual([
      'admin staff_user.created: Starts today',
      'admin staff_user.role_changed: Does the books',
      expect.stringMatching(/^Nina staff_user\.totp_enabled: /),
      'admin staff_user.totp_reset: Lost the phone',
      'admin staff_user.password_set: Forgot it',
      'admin staff_user.deactivated: Left',
      'admin staff_user.reactivated: Came back',
    ]);
    // There is always an admin left to do any of this.
    const own = await panel.api.database.prisma.staffUser.findFirstOrThrow({ where: { role: 'admin' } });
    const refused = await callers.admin.post(`/api/resources/staff/records/${own.id}/deactivate`, { reason: 'Me too' });
    expect([refused.status, refused.body['error'].code]).toEqual([422, 'last_admin']);
    expect((await postLogin(panel.url)).status).toBe(303);
  });

  it('the ledger is proven in the background, and the start page says what came out', async () => {
    const { prisma } = panel.api.database;
    const before = await prisma.ledgerVerification.count();
    const reason = 'Before the auditors come';
    const done = await act('finance', 'ledger/actions/verify', { reason });
    expect(done).toBe('The ledger is being proven; the start page will say what came out.');
    await eventually(async () => expect(await prisma.ledgerVerification.count()).toBeGreaterThan(before));
    const work = async () => (await callers.finance.get('/api/dashboard')).body['work'] as Record<string, unknown>;
    await eventually(async () => expect(await work()).toMatchObject({ verificationRequestedAt: null }));
    const { finishedAt } = await prisma.ledgerVerification.findFirstOrThrow({ orderBy: { id: 'desc' } });
    expect(await work()).toMatchObject({ verification: { finishedAt: finishedAt.toISOString(), breachCount: 0 } });
    const request = await prisma.ledgerVerificationRequest.findFirstOrThrow({ include: { verification: true } });
    expect(request.verification).toMatchObject({ isSound: true });
    expect(await audited(request.id)).toEqual([`finance ledger.verification_requested: ${reason}`]);
    const refused = await callers.reviewer.post('/api/resources/ledger/actions/verify', { reason });
    expect(refused.status).toBe(403);
  });

  it('the start page counts endpoints that take nothing, and the e-mails that failed within a week', async () => {
    const { prisma } = panel.api.database;
    const { affiliateId } = await sell(panel.api, 'Unreachable', { total: 1000 });
    const now = new Date();
    const endpoint = {
      url: 'https://host.example.com/hooks',
      events: ['review_case.closed'],
      secret: Buffer.alloc(24),
      createdAt: now,
    };
    await prisma.webhookEndpoint.createMany({
      data: [
        { ...endpoint, id: 'whe_well', status: 'enabled' },
        { ...endpoint, id: 'whe_failing', status: 'enabled', failures: 1, failingSince: now },
        { ...endpoint, id: 'whe_given_up', status: 'disabled', disabledAt: now, disabledReason: 'Every try failed.' },
        { ...endpoint, id: 'whe_switched_off', status: 'disabled', disabledAt: now },
      ],
    });
    const email = { affiliateId, isBulk: false, messageId: '<1@example.com>', createdAt: now, endedAt: now };
    const [today, long] = [now, new Date(now.getTime() - 8 * 24 * 60 * 60 * 1000)].map((at) => firstIdAt('email', at));
    await prisma.email.createMany({
      data: [
        { ...email, id: today!, occasion: 'welcome', subjectId: 'today', status: 'failed' },
        { ...email, id: long!, occasion: 'welcome', subjectId: 'long ago', status: 'failed' },
        { ...email, id: `${today!}1`, occasion: 'welcome', subjectId: 'sent', status: 'sent' },
      ],
    });
    const { body } = await callers.reviewer.get('/api/dashboard');
    expect(body['work']).toMatchObject({ failingEndpoints: 2, failedEmails: 1 });
    await prisma.webhookEndpoint.deleteMany({ where: { url: endpoint.url } });
  });
});

/** The command of the 1st, at this moment: everything that is payable goes out, or fails. */
async function run({ database, api }: TestPanel): Promise<void> {
  const asOf = new Date(Date.now() + 1000).toISOString();
  const period = asOf.slice(0, 7);
  await runCommandProcess('payouts', ['--period', period, '--as-of', asOf], processEnv(database, api.stripe));
}

function statusesOf(payouts: PayoutDto[]): string[] {
  return payouts.map(({ status }) => status);
}

/** The server sends by itself what the action made. */
async function arrived({ api }: TestPanel, affiliateId: string): Promise<void> {
  await eventually(async () => expect(statusesOf(await payoutsOf(api, affiliateId))).toContain('paid'));
}
