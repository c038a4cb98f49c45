import { randomUUID } from 'node:crypto';
import { DOMAIN_EVENT_TYPES } from '../../../src/events/event-types.js';
import type { EventPageDto } from '../../../src/events/event.dto.js';
import { EventPump } from '../../../src/events/event-pump.js';
import { DomainEvents } from '../../../src/events/domain-events.js';
import { EventRetention } from '../../../src/events/event-retention.js';
import { TRIES_MAX } from '../../../src/events/webhooks/retry-schedule.js';
import { WebhookClaims } from '../../../src/events/webhooks/webhook-claims.js';
import { WebhookDeliveries } from '../../../src/events/webhooks/webhook-deliveries.service.js';
import { WebhookSender } from '../../../src/events/webhooks/webhook-sender.js';
import type {
  WebhookDeliveryDto,
  WebhookDeliveryPageDto,
  WebhookEndpointDto,
  WebhookEndpointPageDto,
} from '../../../src/events/webhooks/webhook.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { findInDatabase } from '../../setup/database-search.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { startReceiver, verifyAt, type WebhookReceiver } from '../../setup/webhook-receiver.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

interface ErrorBody {
  error: { code: string; message: string };
}

let api: TestApp;
let receiver: WebhookReceiver;

beforeEach(async () => {
  [api, receiver] = await Promise.all([startTestApp({ now: '2026-11-20T12:00:00Z' }), startReceiver()]);
});
afterEach(async () => {
  await Promise.all([api.close(), receiver.close()]);
});

async function createEndpoint(body: object = {}): Promise<WebhookEndpointDto & { secret: string }> {
  const made = await api.request<WebhookEndpointDto & { secret: string }>('POST', '/v1/webhook-endpoints', {
    body: { url: receiver.url, ...body },
  });
  expect(made.status).toBe(201);
  return made.body;
}
const endpointOf = async (id: string): Promise<WebhookEndpointDto> =>
  (await api.request<WebhookEndpointDto>('GET', `/v1/webhook-endpoints/${id}`)).body;
const patch = <T = WebhookEndpointDto>(id: string, body: object) =>
  api.request<T>('PATCH', `/v1/webhook-endpoints/${id}`, { body });
const deliveries = async (query = ''): Promise<WebhookDeliveryDto[]> =>
  (await api.request<WebhookDeliveryPageDto>('GET', `/v1/webhook-deliveries?limit=100${query}`)).body.data;
/** What happens to an object, each in a transaction of its own. */
async function happen(subjectId: string, times = 1): Promise<void> {
  for (let number = 0; number < times; number++) {
    await api.database.transaction((tx) =>
      api.app.get(DomainEvents).record(tx, { type: 'affiliate.updated', subjectId, data: { id: subjectId, number } }),
    );
  }
}
const taken = (): string[] => receiver.taken().map(({ data }) => `${String(data['id'])} ${String(data['number'])}`);
const takenOf = (subjectId: string): string[] => taken().filter((each) => each.startsWith(`${subjectId} `));
/** At once what the app does by itself each second: what happened is published and handed over, what is due is begun. */
async function work(): Promise<void> {
  await api.app.get(EventPump).tick();
  await api.app.get(WebhookSender).tick();
}
/** Runs an assertion until it holds, with the work that makes it hold. */
const soon = <T>(assertion: () => Promise<T>): Promise<T> =>
  eventually(async () => {
    await work();
    return assertion();
  });
/** All that is due now has been tried. */
async function workedOff(): Promise<void> {
  // The first time may join a look around that began before now, or a lane that is about to end.
  for (let time = 0; time < 2; time++) {
    await work();
    await Promise.all(api.app.get(WebhookSender)['lanes'].values());
  }
}
/** Lets the app's time pass in steps until it holds: each step lets what is due by then be tried. */
async function asTimePasses(stepMs: number, steps: number, assertion: () => Promise<void> | void): Promise<void> {
  for (let step = 1; ; step++) {
    api.clock.advance(stepMs);
    await workedOff();
    try {
      await assertion();
      return;
    } catch (error) {
      if (step === steps) throw error;
    }
  }
}

describe('webhooks', () => {
  it('carry each event that an endpoint wants, signed by the specification, as GET /v1/events shows it', async () => {
    const other = await startReceiver();
    try {
      const { secret } = await createEndpoint({ events: ['referral.created'] });
      const all = await createEndpoint({ url: `${other.url}?all=1` });
      await affiliateWithReferrals(api, 'Ann', ['user-1', 'user-2']);
      await soon(async () => expect([receiver.taken().length, other.taken().length]).toEqual([2, 3]));
      const events = (await api.request<EventPageDto>('GET', '/v1/events')).body.data;
      expect(other.taken()).toEqual(events);
      expect(receiver.taken()).toEqual(events.filter(({ type }) => type === 'referral.created'));
      for (const received of receiver.received) {
        expect(received.headers['webhook-id']).toBe(received.event.id);
        expect(received.headers['content-type']).toBe('application/json');
        expect(verifyAt(api.clock.now(), secret, received)).toEqual(received.event);
        expect(() => verifyAt(api.clock.now(), all.secret, received)).toThrow('No matching signature found');
        expect(() => verifyAt(api.clock.now(), secret, { ...received, body: `${received.body} ` })).toThrow();
      }
      expect(other.received[0]?.path).toBe('/hooks?all=1');
      // Whoever comes later does not get what happened before, also where that is not published yet.
      const late = await startReceiver();
      await api.database.transaction(async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM event_feed FOR UPDATE`;
        await happen('aff_before');
        api.clock.advance(SECOND_MS);
        await createEndpoint({ url: late.url });
      });
      await happen('aff_late');
      await soon(async () => expect(late.taken()).toMatchObject([{ data: { id: 'aff_late' } }]));
      await late.close();
    } finally {
      await other.close();
    }
  });

  it('show a secret once, and keep it where nobody reads it', async () => {
    const { id, secret } = await createEndpoint();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const { body: list } = await api.request<WebhookEndpointPageDto>('GET', '/v1/webhook-endpoints');
    expect(list.data).toEqual([await endpointOf(id)]);
    expect(JSON.stringify(list)).not.toContain('whsec_');
    const hex = Buffer.from(secret.slice('whsec_'.length), 'base64').toString('hex');
    expect(await findInDatabase(api, [secret, hex])).toEqual([]);
  });

  it('are signed by the old secret beside the new one for a day after a rotation', async () => {
    const { id, secret: old } = await createEndpoint();
    const rotated = await patch<WebhookEndpointDto & { secret: string }>(id, { rotateSecret: true });
    expect(rotated.body).toMatchObject({ previousSecretUntil: '2026-11-21T12:00:00.000Z' });
    const { secret } = rotated.body;
    expect(secret).not.toBe(old);
    await happen('aff_1');
    const [first] = await soon(async () => {
      expect(receiver.received).toHaveLength(1);
      return receiver.received;
    });
    if (!first) throw new Error('nothing was received');
    expect(first.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    for (const each of [old, secret]) expect(verifyAt(api.clock.now(), each, first)).toEqual(first.event);
    api.clock.advance(DAY_MS);
    await happen('aff_1');
    const last = await soon(async () => {
      expect(receiver.received).toHaveLength(2);
      return receiver.received[1];
    });
    if (!last) throw new Error('nothing was received');
    expect(verifyAt(api.clock.now(), secret, last)).toEqual(last.event);
    expect(() => verifyAt(api.clock.now(), old, last)).toThrow('No matching signature found');
  });

  it('come all and in order per object once an endpoint that was down is back, under the ids of the first try', async () => {
    const { id } = await createEndpoint();
    await receiver.close();
    await happen('aff_a', 3);
    await happen('aff_b', 2);
    const down = () => soon(async () => expect(await endpointOf(id)).not.toMatchObject({ failingSince: null }));
    await down();
    await asTimePasses(2 * HOUR_MS, 3, async () =>
      expect((await deliveries()).some(({ attempts }) => attempts >= 3)).toBe(true),
    );
    await happen('aff_a', 1);
    await receiver.reopen();
    await asTimePasses(HOUR_MS, 3, () => expect(taken()).toHaveLength(6));
    expect(takenOf('aff_a')).toEqual(['aff_a 0', 'aff_a 1', 'aff_a 2', 'aff_a 0']);
    expect(takenOf('aff_b')).toEqual(['aff_b 0', 'aff_b 1']);
    const all = await soon(async () => {
      const found = await deliveries();
      expect(found.every(({ status }) => status === 'delivered')).toBe(true);
      return found;
    });
    const tried = all.find(({ attempts }) => attempts > 1);
    const [last, ...before] = tried?.log.map(({ outcome }) => outcome) ?? [];
    expect([last, new Set(before)]).toEqual(['delivered', new Set(['failed'])]);
    expect(tried?.log.at(-1)?.error).toMatch(/ECONNREFUSED/);
    expect(await endpointOf(id)).toMatchObject({ status: 'enabled', failingSince: null });
  });

  it('of one object that the endpoint refuses wait behind each other and for nobody else, for three days', async () => {
    const { id } = await createEndpoint();
    receiver.answer((_response, { data }) => (data['id'] === 'aff_bad' && data['number'] === 0 ? 500 : 200));
    await happen('aff_bad', 2);
    await happen('aff_good', 2);
    await soon(async () => expect(taken()).toEqual(['aff_good 0', 'aff_good 1']));
    let others = 0;
    await asTimePasses(6 * HOUR_MS, 40, async () => {
      // Others go on all the while: the endpoint works.
      await happen(`aff_${others++}`);
      await soon(async () => expect(takenOf(`aff_${others - 1}`)).toHaveLength(1));
      expect(await deliveries('&status=failed')).toHaveLength(1);
    });
    const [given] = await deliveries('&status=failed');
    expect(given?.attempts).toBe(TRIES_MAX);
    expect(given?.log[0]).toMatchObject({ outcome: 'failed', responseStatus: 500, responseBody: 'answered 500' });
    await soon(async () => expect(takenOf('aff_bad')).toEqual(['aff_bad 1']));
    expect(new Set(receiver.received.filter(({ status }) => status === 500).map(({ event }) => event.id)).size).toBe(1);
    expect(await endpointOf(id)).toMatchObject({ status: 'enabled', disabledAt: null });
    // Asked for once more, it has all its tries before it again.
    expect((await api.request('POST', `/v1/webhook-deliveries/${given?.id}/resend`)).status).toBe(202);
    await soon(async () => {
      const again = (await deliveries()).find((each) => each.id === given?.id);
      expect(again?.log[0]).toMatchObject({ number: TRIES_MAX + 1, outcome: 'failed' });
      expect(again?.status).toBe('pending');
    });
  });

  it('that were refused wait no longer for the hour of their own next try once an endpoint that was down is back', async () => {
    const other = await startReceiver();
    try {
      const { id } = await createEndpoint();
      const { id: otherId } = await createEndpoint({ url: other.url });
      for (const each of [receiver, other]) {
        each.answer((_response, { data }) => (data['id'] === 'aff_bad' ? 500 : 200));
      }
      await happen('aff_bad');
      const waiting = (endpointId: string) => deliveries(`&status=pending&endpointId=${endpointId}`);
      let others = 0;
      await asTimePasses(HOUR_MS, 20, async () => {
        // Others go on all the while: the endpoints work.
        await happen(`aff_${others++}`);
        await soon(async () => expect(takenOf(`aff_${others - 1}`)).toHaveLength(1));
        for (const endpointId of [id, otherId]) {
          const [bad] = await waiting(endpointId);
          const nextTry = Date.parse(bad?.nextTryAt ?? '');
          expect(nextTry - api.clock.now().getTime()).toBeGreaterThan(2 * HOUR_MS);
        }
      });
      const ofOther = await waiting(otherId);
      receiver.answer(503);
      await happen('aff_good');
      await asTimePasses(MINUTE_MS, 5, async () => expect((await waiting(id))[0]?.attempts).toBe(3));
      receiver.answer(200);
      await asTimePasses(MINUTE_MS, 5, () =>
        expect(taken()).toEqual(expect.arrayContaining(['aff_bad 0', 'aff_good 0'])),
      );
      // What another endpoint refused is no concern of the one that is back.
      await soon(async () => expect(await waiting(otherId)).toEqual(ofOther));
    } finally {
      await other.close();
    }
  });

  it('are no longer sent to an endpoint that took nothing for five days; enabled again, it gets all of it', async () => {
    const { id } = await createEndpoint();
    receiver.answer(503);
    await happen('aff_a', 2);
    await soon(async () => expect(receiver.received).not.toHaveLength(0));
    // The failure is written down before a day passes.
    await workedOff();
    await asTimePasses(DAY_MS, 8, async () => expect((await endpointOf(id)).status).toBe('disabled'));
    expect((await endpointOf(id)).disabledReason).toMatch(/^Every try since 2026-11-20T12:00:\d\d.*: answered 503$/);
    const tries = receiver.received.length;
    // Once an hour at most, while it is down.
    expect(tries).toBeLessThan(20);
    await happen('aff_a', 1);
    await happen('aff_b', 1);
    const [waiting] = await soon(async () => {
      const all = await deliveries('&status=pending');
      expect(all).toHaveLength(4);
      return all;
    });
    expect(await api.request('POST', `/v1/webhook-deliveries/${waiting?.id}/resend`)).toMatchObject({
      status: 422,
      body: { error: { code: 'webhook_endpoint_disabled' } },
    });
    api.clock.advance(DAY_MS);
    receiver.answer(200);
    expect((await patch(id, { status: 'enabled' })).body).toMatchObject({ status: 'enabled', disabledReason: null });
    await soon(async () => expect(taken()).toHaveLength(4));
    expect(receiver.received).toHaveLength(tries + 4);
    expect(takenOf('aff_a')).toEqual(['aff_a 0', 'aff_a 1', 'aff_a 0']);
  });

  it('are sent again under the same id when the process died between sending and writing it down', async () => {
    const { id } = await createEndpoint();
    await patch(id, { status: 'disabled' });
    await happen('aff_a', 2);
    await soon(async () => expect(await deliveries()).toHaveLength(2));
    // What a process leaves that took a delivery and died.
    const endpoint = await api.database.prisma.webhookEndpoint.findUniqueOrThrow({ where: { id } });
    const claimed = await api.app.get(WebhookClaims).claim(endpoint, 10);
    expect(claimed.map(({ event }) => event.data['number'])).toEqual([0]);
    await patch(id, { status: 'enabled' });
    await api.app.get(WebhookClaims).findReady();
    expect(await api.app.get(WebhookClaims).claim(endpoint, 10)).toEqual([]);
    expect(receiver.received).toEqual([]);
    await asTimePasses(31 * SECOND_MS, 1, () => expect(taken()).toEqual(['aff_a 0', 'aff_a 1']));
    const first = (await deliveries()).at(-1);
    expect(first?.log.map(({ number, outcome }) => [number, outcome])).toEqual([
      [2, 'delivered'],
      [1, 'unknown'],
    ]);
  });

  it('are delivered once when several processes send', async () => {
    const others: TestApp[] = [];
    for (let number = 0; number < 2; number++) {
      others.push(await startTestApp({ databaseUrl: api.database.url, clock: api.clock }));
    }
    try {
      await createEndpoint();
      await Promise.all(Array.from({ length: 30 }, (_, index) => happen(`aff_${index}`, 3)));
      await eventually(async () => expect((await deliveries('&status=delivered')).length).toBe(90));
      expect(receiver.received).toHaveLength(90);
      for (let index = 0; index < 30; index++) {
        expect(takenOf(`aff_${index}`)).toEqual([0, 1, 2].map((number) => `aff_${index} ${number}`));
      }
    } finally {
      for (const other of others) await other.close();
    }
  });

  it('are sent again when the host asks while a try is under way, whatever comes of that try', async () => {
    const answers: ((status: number) => void)[] = [];
    receiver.answer((response) => {
      answers.push((status) => response.writeHead(status).end());
      return null;
    });
    const { id: endpointId } = await createEndpoint();
    await happen('aff_a');
    await soon(async () => expect(answers).toHaveLength(1));
    const [{ id } = { id: '' }] = await deliveries();
    const resend = async () =>
      expect((await api.request('POST', `/v1/webhook-deliveries/${id}/resend`)).status).toBe(202);
    const log = async () => (await deliveries())[0]?.log.map(({ number, outcome }) => `${number} ${outcome}`);
    await resend();
    answers[0]?.(200);
    await soon(async () => expect(answers).toHaveLength(2));
    // The process that waits for the second answer is busy: another one makes the third try beside it.
    const other = await startTestApp({ databaseUrl: api.database.url, clock: api.clock });
    try {
      await resend();
      await eventually(async () => expect(answers).toHaveLength(3));
      answers[1]?.(500);
      await eventually(async () => expect(await log()).toEqual(['3 unknown', '2 failed', '1 delivered']));
      answers[2]?.(200);
      await eventually(async () => expect(await deliveries()).toMatchObject([{ status: 'delivered', attempts: 3 }]));
      expect(await endpointOf(endpointId)).toMatchObject({ status: 'enabled', failingSince: null });
    } finally {
      await other.close();
    }
  });

  it('can be sent again by the host and by staff, who must say why', async () => {
    await createEndpoint();
    await happen('aff_a');
    const [delivery] = await soon(async () => {
      const all = await deliveries('&status=delivered');
      expect(all).toHaveLength(1);
      return all;
    });
    const id = delivery?.id ?? '';
    const again = await api.request<WebhookDeliveryDto>('POST', `/v1/webhook-deliveries/${id}/resend`);
    expect([again.status, again.body.status]).toEqual([202, 'pending']);
    await soon(async () => expect(receiver.received).toHaveLength(2));
    const act = { staffUserId: 'stf_1', reason: 'The host lost it.' };
    await api.app.get(WebhookDeliveries).resendForStaff([id], act);
    await soon(async () => expect(receiver.received).toHaveLength(3));
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    await expect(api.app.get(WebhookDeliveries).resendForStaff([id], { ...act, reason: ' ' })).rejects.toMatchObject({
      code: 'reason_length',
    });
    expect(await api.database.prisma.auditLog.findMany({ where: { action: 'webhook_delivery.resent' } })).toMatchObject(
      [{ actorId: 'stf_1', subjectId: id, reason: 'The host lost it.' }],
    );
  });

  it('read little of an answer, wait for it no longer than fifteen seconds, and follow no redirect', async () => {
    const elsewhere = await startReceiver();
    const answers = [
      () => null,
      (response: import('node:http').ServerResponse) => {
        response.writeHead(302, { location: elsewhere.url }).end();
        return 302;
      },
      (response: import('node:http').ServerResponse) => {
        response.writeHead(200);
        response.write(`\0${'x'.repeat(5_000_000)}`);
        return 200;
      },
    ];
    receiver.answer((response, { data }) => answers[Number(String(data['id']).slice(-1))]?.(response) ?? null);
    await createEndpoint();
    for (const subject of ['aff_0', 'aff_1', 'aff_2']) await happen(subject);
    const of = async (subject: string) => {
      const all = await deliveries();
      const event = receiver.received.find(({ event: { data } }) => data['id'] === subject)?.event;
      return all.find(({ eventId }) => eventId === event?.id)?.log[0];
    };
    await soon(async () => {
      expect(await of('aff_0')).toMatchObject({ error: 'no answer within 15 seconds', responseStatus: null });
      expect(await of('aff_1')).toMatchObject({ error: 'answered 302', responseStatus: 302 });
      expect(await of('aff_2')).toMatchObject({ outcome: 'delivered', responseBody: 'x'.repeat(500) });
    });
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });

  it('are forgotten with their events after ninety days', async () => {
    await createEndpoint();
    await happen('aff_old');
    await soon(async () => expect(taken()).toHaveLength(1));
    const old = receiver.received[0]?.event.id;
    api.clock.advance(90 * DAY_MS + SECOND_MS);
    await happen('aff_new');
    await soon(async () => expect(taken()).toHaveLength(2));
    await api.app.get(EventRetention).deleteExpired();
    expect((await deliveries()).map(({ eventId }) => eventId)).toEqual([receiver.received[1]?.event.id]);
    expect((await api.request(`GET`, `/v1/events?after=${old}`)).status).toBe(404);
    expect((await api.request<EventPageDto>('GET', '/v1/events')).body.data).toMatchObject([
      { data: { id: 'aff_new' } },
    ]);
  });
});

describe('the endpoints', () => {
  it('are checked: what is wrong is named, what is unknown is not there', async () => {
    const post = (body: object, options: object = {}) =>
      api.request<ErrorBody>('POST', '/v1/webhook-endpoints', { body, ...options });
    const unknown = await post({ url: receiver.url, events: ['affiliate.created', 'affiliate.deleted', 'x'] });
    expect([unknown.status, unknown.body.error.code]).toEqual([400, 'invalid_request']);
    expect(unknown.body.error.message).toContain('affiliate.deleted, x');
    for (const url of ['ftp://example.com/x', 'example.com', 'http://user:secret@example.com/', '', 7, null]) {
      expect([url, (await post({ url })).status]).toEqual([url, 400]);
    }
    for (const [events, sentence] of [
      [[], 'events must name at least one type.'],
      ['affiliate.created', 'events must be a list of event types.'],
      [{ 0: 'affiliate.created' }, 'events must be a list of event types.'],
      [[...DOMAIN_EVENT_TYPES, '*', '*'], `events must name ${DOMAIN_EVENT_TYPES.length + 1} types at most.`],
      [
        [7, null, ['payout.paid'], { type: 'payout.paid' }],
        'events names unknown types: 7, null, ["payout.paid"], {"type":"payout.paid"}. There are',
      ],
    ]) {
      const { status, body } = await post({ url: receiver.url, events });
      expect([events, status, body.error.message]).toEqual([events, 400, expect.stringContaining(sentence as string)]);
      expect(body.error.message.startsWith('events ')).toBe(true);
    }
    expect((await post({ url: receiver.url, secret: 'mine' })).status).toBe(400);
    expect((await post({ url: receiver.url }, { token: api.token('affiliate', 'user-1') })).status).toBe(403);
    expect((await post({ url: receiver.url }, { token: '' })).status).toBe(401);
    const missing = 'whe_01kb6xj3v5e0r8m2n4p6q8s0t2';
    for (const [method, path, body] of [
      ['GET', `/v1/webhook-endpoints/${missing}`],
      ['PATCH', `/v1/webhook-endpoints/${missing}`, { status: 'disabled' }],
      ['DELETE', `/v1/webhook-endpoints/${missing}`],
      ['POST', '/v1/webhook-deliveries/whd_01kb6xj3v5e0r8m2n4p6q8s0t2/resend'],
    ] as const) {
      expect([path, (await api.request(method, path, body && { body })).status]).toEqual([path, 404]);
    }
    const { id } = await createEndpoint();
    for (const body of [{ status: 'paused' }, { rotateSecret: false }, { url: null }, { events: null }]) {
      expect([body, (await patch(id, body)).status]).toEqual([body, 400]);
    }
  });

  it('are made once under an Idempotency-Key, and twenty at most', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const make = () => api.request('POST', '/v1/webhook-endpoints', { body: { url: receiver.url }, headers });
    const [first, second] = [await make(), await make()];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    for (let made = 1; made < 20; made++) await createEndpoint();
    expect(await api.request('POST', '/v1/webhook-endpoints', { body: { url: receiver.url } })).toMatchObject({
      status: 422,
      body: { error: { code: 'too_many_webhook_endpoints' } },
    });
  });

  it('take other events, move, and end, each time with a record of it', async () => {
    const { id } = await createEndpoint({ events: ['payout.paid'] });
    await happen('aff_a');
    await soon(async () => {
      const [consumer] = await api.database.prisma.eventConsumer.findMany({ where: { name: 'webhooks' } });
      expect(consumer?.position).toBe(1n);
    });
    expect((await patch(id, { events: ['*'] })).body.events).toEqual(['*']);
    receiver.answer(500);
    await happen('aff_b');
    await soon(async () => expect(receiver.received).not.toHaveLength(0));
    const other = await startReceiver();
    await patch(id, { url: other.url });
    await asTimePasses(10 * SECOND_MS, 3, () => expect(other.taken().map(({ data }) => data['id'])).toEqual(['aff_b']));
    expect((await api.request('DELETE', `/v1/webhook-endpoints/${id}`)).status).toBe(204);
    expect((await api.request('GET', `/v1/webhook-endpoints/${id}`)).status).toBe(404);
    expect(await deliveries()).toEqual([]);
    const records = await api.database.prisma.auditLog.findMany({ where: { subjectId: id }, orderBy: { id: 'asc' } });
    expect(records.map(({ actorId, action }) => `${actorId} ${action}`)).toEqual([
      'host webhook_endpoint.created',
      'host webhook_endpoint.updated',
      'host webhook_endpoint.updated',
      'host webhook_endpoint.deleted',
    ]);
    await other.close();
  });
});
