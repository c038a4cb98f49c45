import { randomUUID } from 'node:crypto';
import { signatureOf } from '../../src/stripe/emulator/index.js';
import { WEBHOOK_SECRET, type TestApp } from './app.js';
import { eventually } from './eventually.js';
import type { Samples } from './every-read.js';
import { creditNoteOf, disputeOf, eventOf, invoicePayment, paidInvoice, refundOf, subscriptionOf } from './webhooks.js';

/** The background of a busy machine has other things to do, too. */
const WORKED_OFF_WITHIN_MS = 180_000;

interface Writes {
  /** Looks on from the same database, and makes tokens; the server is another one. */
  api: TestApp;
  url: string;
  samples: Samples;
}

/** Sends each kind of write of a host and of an affiliate, once, about somebody new beside all that there is already. */
export async function sendWrites({ api, url, samples }: Writes): Promise<void> {
  const [host, writer] = [api.token('host'), api.token('affiliate', 'writer')];
  const send = async (method: string, path: string, body: object | null, token = host): Promise<{ id: string }> => {
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() };
    const response = await fetch(url + path, {
      method,
      headers: body ? { ...headers, 'content-type': 'application/json' } : headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    expect([method, path, response.ok, text]).toEqual([method, path, true, text]);
    return (text === '' ? {} : JSON.parse(text)) as { id: string };
  };
  const { id } = await send('POST', '/v1/affiliates', {
    userId: 'writer',
    name: 'Wanda Writer',
    email: 'w@example.com',
  });
  await send('PATCH', `/v1/affiliates/${id}`, { code: 'WRITER-2', commissionRateBps: 2500, country: 'DE' });
  await send('POST', `/v1/affiliates/${id}/onboarding-links`, {});
  await send('POST', `/v1/affiliates/${id}/dashboard-links`, null);
  await send('PATCH', '/v1/me/email-preferences', { monthlyStatement: false }, writer);
  const { id: planId } = await send('POST', '/v1/plans', { name: 'written', rateBps: 1000, holdDays: 14 });
  await send('POST', `/v1/plans/${planId}/versions`, { rateBps: 1500 });
  const { clickId } = (await send('POST', '/v1/clicks', { code: samples.values['code'], ip: '192.0.2.7' })) as {
    id: string;
    clickId?: string;
  };
  const signup = { referredUserId: 'written-user', clickId, email: 'u@example.org', ip: '192.0.2.7' };
  await send('POST', '/v1/referrals', { ...signup, stripeCustomerId: 'cus_written' });
  await send('POST', '/v1/referrals', { referredUserId: 'written-user', code: 'WRITER-2' });
  await send('PATCH', `/v1/referrals/${samples.values['referralId']}`, { stripeCustomerId: 'cus_written_anew' });
  await send('POST', '/v1/payout-runs/preview', {});
  // Nobody is told anything: it is gone before something happens that it wants to hear of.
  const endpoint = await send('POST', '/v1/webhook-endpoints', {
    url: 'https://host.example.com/',
    events: ['payout.failed'],
  });
  await send('PATCH', `/v1/webhook-endpoints/${endpoint.id}`, { status: 'disabled' });
  await send('DELETE', `/v1/webhook-endpoints/${endpoint.id}`, null);
  await send('POST', '/v1/erasures', { userId: 'written-user' });
}

/**
 * Delivers what Stripe tells of a customer's life to the server, about a customer of long ago and invoices of now and of long
 * ago, and waits until all of it was worked on.
 */
export async function tellStripesNews({ api, url, samples: { values } }: Writes): Promise<void> {
  const { referredUserId: userId = '', invoiceId = '', paymentId = '' } = values;
  await tellServer({ api, url }, [
    ['invoice.paid', paidInvoice(api, { id: 'in_written', userId, customer: `cus_${userId}` })],
    ['invoice_payment.paid', invoicePayment(api, { invoice: 'in_written', payment: 'pi_written', amount: 9900 })],
    ['refund.created', refundOf(api, { payment: 'pi_written', amount: 1000 })],
    ['refund.created', refundOf(api, { payment: paymentId, amount: 100 })],
    ['charge.dispute.created', disputeOf(api, { payment: paymentId, amount: 100 })],
    ['credit_note.created', creditNoteOf(api, { invoice: invoiceId, outOfBand: 100 })],
    ['customer.subscription.updated', subscriptionOf(api, userId, 'active')],
    ['customer.subscription.deleted', subscriptionOf(api, userId, 'canceled')],
  ]);
}

/** Delivers these events to the server, and waits until it has worked on all of them. */
export async function tellServer(
  { api, url }: Pick<Writes, 'api' | 'url'>,
  news: [type: string, object: Record<string, unknown>][],
): Promise<void> {
  const told: string[] = [];
  for (const [type, object] of news) {
    const event = eventOf(api, type, object);
    const body = JSON.stringify(event);
    const signature = signatureOf(body, WEBHOOK_SECRET, new Date());
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
    expect((await fetch(`${url}/stripe/webhooks`, { method: 'POST', headers, body })).status).toBe(200);
    told.push(String(event['id']));
  }
  await eventually(async () => {
    const left = await api.database.pool.query(
      `SELECT id, type, status, last_error FROM stripe_events WHERE id = ANY($1) AND status <> 'processed'`,
      [told],
    );
    expect(left.rows).toEqual([]);
  }, WORKED_OFF_WITHIN_MS);
}
