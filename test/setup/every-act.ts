import { randomUUID } from 'node:crypto';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import type { TestApp } from './app.js';
import { eventually } from './eventually.js';
import type { Samples } from './every-read.js';
import { tellServer } from './every-write.js';
import { hostStripe } from './host.js';
import { callAs, type PanelCaller } from './panel.js';
import { STAFF_PASSWORD } from './staff.js';
import { startReceiver } from './webhook-receiver.js';
import { paidInvoice } from './webhooks.js';

/** The background of a busy machine has other things to do, too. */
const DONE_WITHIN_MS = 180_000;

interface Acts {
  /** Looks on from the same database, and prepares; the server is another one. */
  api: TestApp;
  url: string;
  samples: Samples;
}

/** Two who may do everything: whoever adjusts a balance cannot approve the run that pays it. */
interface Staff {
  admin: PanelCaller;
  second: PanelCaller;
}

/**
 * Does everything once that staff can do in the panel, to what there is since long ago; but for asking for a proof of the ledger,
 * which is a job that goes through everything.
 */
export async function actAsStaff({ api, url, samples }: Acts): Promise<void> {
  const { prisma } = api.database;
  const [admin, second] = [await callAs(url, 'admin'), await callAs(url, 'second')];
  const { affiliateId } = samples.values;
  await decideCases({ api, url, samples }, admin);

  const idle = await prisma.affiliate.findMany({ where: { status: 'active', id: { not: affiliateId } }, take: 3 });
  const [one = '', ...others] = idle.map(({ id }) => id);
  await act(admin, `affiliates/records/${one}/suspend`);
  await act(admin, `affiliates/records/${one}/approve`);
  await act(admin, `affiliates/bulk/suspendAll?recordIds=${others.join(',')}`);
  await act(admin, `affiliates/bulk/approveAll?recordIds=${others.join(',')}`);
  await act(admin, `affiliates/records/${affiliateId}/adjust`, {
    amount: '12.50',
    currency: 'usd',
    formId: randomUUID(),
  });

  await decideRuns(api, { admin, second });
  const events = await prisma.stripeEvent.findMany({ where: { id: { startsWith: 'evt_test' } }, take: 3 });
  const [event = '', ...more] = events.map(({ id }) => id);
  await act(admin, `stripe-events/records/${event}/replay`);
  await act(admin, `stripe-events/bulk/replayAll?recordIds=${more.join(',')}`);
  await act(admin, 'plans/records/pln_default/addVersion', { rate: '25', holdDays: '14' });
  await act(admin, 'rules/records/conversion_rate/change', { mode: 'hold', thresholds: '' });
  await changeStaff(api, admin);
}

/** One of each kind of decision, of the affiliates with the most behind them. */
async function decideCases({ api, url, samples }: Acts, admin: PanelCaller): Promise<void> {
  const { prisma } = api.database;
  const userId = 'pays-by-cheque';
  await send({ api, url }, 'POST', '/v1/referrals', { referredUserId: userId, code: samples.values['code'] });
  const invoice = { ...paidInvoice(api, { id: 'in_by_cheque', userId }), amount_paid_off_stripe: 9900 };
  await tellServer({ api, url }, [['invoice.paid', invoice]]);
  // Before anything is decided that may concern the same affiliate.
  const outside = await prisma.reviewCase.findFirstOrThrow({ where: { status: 'open', rule: 'paid_out_of_band' } });
  await act(admin, `review-cases/records/${outside.id}/acceptOutOfBand`);
  const open = { status: 'open', rule: { not: 'paid_out_of_band' } };
  const [first, second, third] = await prisma.reviewCase.findMany({ where: open, orderBy: { id: 'asc' }, take: 3 });
  await act(admin, `review-cases/records/${first?.id}/whitelistPair`, { subject: 'somebody.example' });
  await act(admin, `review-cases/records/${first?.id}/approve`);
  await act(admin, `review-cases/records/${second?.id}/suspendAffiliate`);
  await act(admin, `review-cases/records/${second?.id}/reject`, { suspend: 'no' });
  await act(admin, `review-cases/records/${third?.id}/reject`, { suspend: 'yes' });
}

/** A run is canceled, the next one approved, and what failed long ago is paid anew. */
async function decideRuns(api: TestApp, { admin, second }: Staff): Promise<void> {
  const { prisma } = api.database;
  const failed = await prisma.payout.findMany({ where: { status: 'failed' }, orderBy: { id: 'asc' }, take: 2 });
  await act(admin, `payouts/records/${failed[0]?.id}/retry`);
  await act(admin, `runs/records/${failed[1]?.runId}/retryFailed`);
  for (const [period, decide, staff] of [
    ['2199-01', 'cancel', admin],
    ['2199-02', 'approve', second],
  ] as const) {
    await api.app.get(PayoutRunsService).run({ period, cutOff: api.clock.now() });
    const run = await prisma.payoutRun.findUniqueOrThrow({ where: { period } });
    await act(staff, `runs/records/${run.id}/${decide}`);
  }
}

async function changeStaff(api: TestApp, admin: PanelCaller): Promise<void> {
  const somebody = { name: 'Nina', email: 'nina@example.com', role: 'viewer', password: STAFF_PASSWORD };
  await act(admin, 'staff/actions/create', somebody);
  const { id } = await api.database.prisma.staffUser.findUniqueOrThrow({ where: { email: somebody.email } });
  await act(admin, `staff/records/${id}/changeRole`, { role: 'finance' });
  await act(admin, `staff/records/${id}/setPassword`, { password: 'another long password of 2026' });
  await act(admin, `staff/records/${id}/deactivate`);
  await act(admin, `staff/records/${id}/reactivate`);
}

/** @throws what a failed expectation does, with the panel's answer. */
async function act(staff: PanelCaller, path: string, form: Record<string, string> = {}): Promise<void> {
  const { status, text } = await staff.post(`/api/resources/${path}`, { reason: 'for a test', ...form });
  expect([path, status, status === 200 ? '' : text]).toEqual([path, 200, '']);
}

/** An affiliate gets a promotion code, somebody redeems it, it is looked at and taken away: by the host and by staff. */
export async function usePromotionCodes({ api, url, samples }: Acts): Promise<void> {
  const stripe = hostStripe(api);
  const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
  const code = await stripe.promotionCodes.create({ code: 'PLAN20', promotion: { type: 'coupon', coupon: coupon.id } });
  const customer = await stripe.customers.create({ metadata: { userId: 'redeemer' } });
  const price = await stripe.prices.create({
    product_data: { name: 'Pro' },
    currency: 'usd',
    unit_amount: 9900,
    recurring: { interval: 'month' },
  });
  const path = `/v1/affiliates/${samples.values['affiliateId']}/promotion-codes`;
  const { id } = await send({ api, url }, 'POST', path, { promotionCode: 'PLAN20' });
  await send({ api, url }, 'GET', path);
  await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    discounts: [{ promotion_code: code.id }],
  });
  await eventually(async () => {
    const where = { customerId: customer.id, decidedAt: { not: null } };
    expect(await api.database.prisma.promotionRedemption.count({ where })).toBe(1);
  }, DONE_WITHIN_MS);
  await send({ api, url }, 'DELETE', `${path}/${id}`);

  const admin = await callAs(url, 'admin');
  await act(admin, `affiliates/records/${samples.values['affiliateId']}/addPromotionCode`, { promotionCode: code.id });
  const again = await api.database.prisma.promotionCode.findFirstOrThrow({
    where: { removedAt: null, code: 'PLAN20' },
  });
  await act(admin, `promotion-codes/records/${again.id}/remove`);
}

/** The host is told something, asks for it again, as staff do, and takes its endpoint away with all that it was sent. */
export async function resendDeliveries({ api, url }: Acts): Promise<void> {
  const receiver = await startReceiver();
  const endpoint = await send({ api, url }, 'POST', '/v1/webhook-endpoints', { url: receiver.url });
  for (const userId of ['told-1', 'told-2'])
    await send({ api, url }, 'POST', '/v1/affiliates', { userId, name: userId });
  const where = { endpointId: endpoint.id, status: 'delivered' };
  const delivered = (): Promise<{ id: string }[]> => api.database.prisma.webhookDelivery.findMany({ where });
  await eventually(async () => expect((await delivered()).length).toBeGreaterThanOrEqual(2), DONE_WITHIN_MS);
  const ids = (await delivered()).map(({ id }) => id);
  await send({ api, url }, 'POST', `/v1/webhook-deliveries/${ids[0]}/resend`, {});
  const admin = await callAs(url, 'admin');
  await act(admin, `webhook-deliveries/records/${ids[0]}/resend`);
  await act(admin, `webhook-deliveries/bulk/resendAll?recordIds=${ids.join(',')}`);
  await eventually(() => {
    expect(receiver.received.length).toBeGreaterThan(ids.length);
    return Promise.resolve();
  }, DONE_WITHIN_MS);
  await send({ api, url }, 'DELETE', `/v1/webhook-endpoints/${endpoint.id}`);
  await receiver.close();
}

/** An affiliate and a referred user of long ago want to be forgotten, with all that is kept of them. */
export async function erasePeople({ api, url, samples }: Acts): Promise<void> {
  await send({ api, url }, 'POST', '/v1/erasures', { userId: samples.values['referredUserId'] });
  await send({ api, url }, 'POST', '/v1/erasures', { userId: samples.affiliateUserId });
  await eventually(async () => {
    expect(await api.database.prisma.erasure.count({ where: { completedAt: null } })).toBe(0);
  }, DONE_WITHIN_MS);
}

async function send(
  { api, url }: Pick<Acts, 'api' | 'url'>,
  method: string,
  path: string,
  body?: object,
): Promise<{ id: string }> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${api.token('host')}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect([method, path, response.ok, text]).toEqual([method, path, true, text]);
  return (text === '' ? {} : JSON.parse(text)) as { id: string };
}
