import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { DomainError } from '../../../src/common/domain-error.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { Idempotency, type Answer } from '../../../src/http/idempotency.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { untilSomebodyWaits } from '../../setup/overlap.js';
import { sell } from '../../setup/sales.js';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

let api: TestApp;
let keys = 0;

beforeAll(async () => {
  api = await startTestApp();
});
afterAll(async () => api.close());

const newKey = (): string => `key-${++keys}`;
const post = (
  key: string,
  body: unknown,
  token?: string,
  path = '/v1/affiliates',
): Promise<TestResponse<AffiliateDto & ErrorBody>> =>
  api.request('POST', path, { body, token, headers: { 'idempotency-key': key } });
const isReplay = (response: TestResponse<unknown>): boolean => response.headers.get('idempotent-replayed') === 'true';
const affiliatesOf = (userId: string): Promise<number> => api.database.prisma.affiliate.count({ where: { userId } });

describe('a repeated POST', () => {
  it('gets the first answer again, to the byte', async () => {
    const key = newKey();
    const first = await post(key, { userId: 'again', name: 'Ann' });
    api.clock.advance(23 * HOUR);
    const second = await post(key, { userId: 'again', name: 'Ann' });
    expect([first.status, isReplay(first), second.status, isReplay(second)]).toEqual([201, false, 201, true]);
    expect(second.text).toBe(first.text);
  });

  it('is the same when only white space and the order of fields differ', async () => {
    const key = newKey();
    const first = await post(key, '{"userId":"order","name":"Ann","email":"a@example.com"}');
    const second = await post(key, '{ "email": "a@example.com",\n "name": "Ann", "userId": "order" }');
    expect([isReplay(second), second.text]).toEqual([true, first.text]);
  });

  it('to a preview of payouts gets the first preview again, whatever was earned since', async () => {
    const key = newKey();
    const path = '/v1/payout-runs/preview';
    const first = await post(key, { period: '2027-01' }, undefined, path);
    await sell(api, 'Petra');
    const second = await post(key, { period: '2027-01' }, undefined, path);
    expect([first.status, second.status, isReplay(second), second.text]).toEqual([200, 200, true, first.text]);
    const other = await post(key, { period: '2027-02' }, undefined, path);
    expect([other.status, other.body.error.code]).toEqual([409, 'idempotency_key_reused']);
    expect((await post(newKey(), { period: '2027-01' }, undefined, path)).text).not.toBe(first.text);
    await expectSoundLedger(api);
  });

  it.each([
    ['another value', { userId: 'reused', name: 'Bob' }],
    ['a further field', { userId: 'reused', name: 'Ann', code: null }],
    ['nothing', undefined],
  ])('with %s under the same key is refused', async (_title, body) => {
    const key = newKey();
    await post(key, { userId: 'reused', name: 'Ann' });
    const second = await post(key, body);
    // Without a body the request is refused before the key counts.
    if (body === undefined) expect(second.status).toBe(400);
    else expect([second.status, second.body.error.code]).toEqual([409, 'idempotency_key_reused']);
  });

  it('belongs to subject, method and path', async () => {
    const key = newKey();
    const body = { name: 'scoped', rateBps: 1 };
    expect((await post(key, body, undefined, '/v1/plans')).status).toBe(201);
    const other = await post(key, body, api.token('host', 'other-host'), '/v1/plans');
    expect([other.status, isReplay(other)]).toEqual([409, false]);
    expect((await post(key, { rateBps: 1 }, undefined, '/v1/plans/pln_default/versions')).status).toBe(201);
    expect(isReplay(await post(key, body, undefined, '/v1/plans'))).toBe(true);
  });

  it('has one effect when ten arrive at the same moment', async () => {
    const key = newKey();
    const body = { userId: 'ten', name: 'Ten' };
    const responses = await Promise.all(Array.from({ length: 10 }, () => post(key, body)));
    expect(responses.filter((response) => response.status === 201 && !isReplay(response))).toHaveLength(1);
    for (const response of responses) {
      if (response.status !== 201)
        expect([response.status, response.body.error.code]).toEqual([409, 'idempotency_in_progress']);
    }
    expect(await affiliatesOf('ten')).toBe(1);
    expect(isReplay(await post(key, body))).toBe(true);
  });

  it.each([
    [409, { userId: 'taken', name: 'Ann' }],
    [422, { userId: 'new', name: 'Ann', code: 'ADMIN' }],
  ])('gets a stored %i again', async (status, body) => {
    await post(newKey(), { userId: 'taken', name: 'Ann' });
    const key = newKey();
    const first = await post(key, body);
    const second = await post(key, body);
    expect([first.status, second.status, isReplay(second), second.text]).toEqual([status, status, true, first.text]);
  });

  it('gets a stored 404 again, although the object exists by now', async () => {
    const key = newKey();
    const first = await post(key, { rateBps: 1 }, undefined, '/v1/plans/pln_later/versions');
    expect(first.status).toBe(404);
    expect((await post(key, { rateBps: 1 }, undefined, '/v1/plans/pln_later/versions')).text).toBe(first.text);
  });

  it('is tried again after a 400, a 401 and a 500', async () => {
    const key = newKey();
    const body = { userId: 'later', name: 'Ann' };
    expect((await post(key, { ...body, email: 'x' })).status).toBe(400);
    expect((await post(key, body, 'bad')).status).toBe(401);
    const transaction = api.database.transaction.bind(api.database);
    api.database.transaction = () => Promise.reject(new Error('broken'));
    expect((await post(key, body)).status).toBe(500);
    api.database.transaction = transaction;
    const response = await post(key, body);
    expect([response.status, isReplay(response)]).toEqual([201, false]);
  });

  it('needs a key of 1 to 255 characters', async () => {
    const body = { userId: 'length', name: 'Ann' };
    for (const key of ['', 'k'.repeat(256)]) {
      const response = await post(key, body);
      expect([response.status, response.body.error.code]).toEqual([400, 'idempotency_key_invalid']);
    }
    expect((await post('k'.repeat(255), body)).status).toBe(201);
  });
});

describe('a lease', () => {
  const headers = { 'idempotency-key': '' };
  const run = (key: string, work: () => Promise<Answer<unknown>>): Promise<unknown> => {
    const request = {
      headers: { ...headers, 'idempotency-key': key },
      method: 'POST',
      url: '/v1/test?x=1',
      id: 'r',
      body: {},
      principal: { scope: 'host', subject: 's' },
    };
    const reply = { status: () => reply, header: () => reply };
    return api.app.get(Idempotency).run(request as unknown as FastifyRequest, reply as unknown as FastifyReply, work);
  };
  const gate = (): { opened: Promise<void>; open: () => void } => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    return { opened, open: () => open() };
  };
  const done = async (): Promise<Answer<string>> => ({ status: 201, body: 'done' });

  it('holds the key while the work runs, and no longer than a minute', async () => {
    const key = newKey();
    const { opened, open } = gate();
    const started = gate();
    const slow = run(key, async () => {
      started.open();
      await opened;
      return { status: 201, body: 'slow' };
    });
    await started.opened;
    api.clock.advance(59 * SECOND);
    await expect(run(key, done)).rejects.toMatchObject({ code: 'idempotency_in_progress' });
    api.clock.advance(1 * SECOND);
    expect(await run(key, done)).toBe('done');

    // The first one wakes up, has lost its lease, and must not have any effect.
    open();
    await expect(slow).rejects.toMatchObject({ code: 'idempotency_in_progress' });
    expect(await run(key, async () => ({ status: 201, body: 'never' }))).toBe('done');
  });

  it.each([
    ['lets go of nothing', new Error('broken')],
    ['keeps no refusal', new DomainError('rule', 'refused', 'broken')],
  ])('that was lost %s: whoever works under the key by now goes on', async (_what, error) => {
    const key = newKey();
    const [failing, working, started] = [gate(), gate(), [gate(), gate()] as const];
    const failed = run(key, async () => {
      started[0].open();
      await failing.opened;
      throw error;
    });
    await started[0].opened;
    api.clock.advance(60 * SECOND);
    const worked = run(key, async () => {
      started[1].open();
      await working.opened;
      return { status: 201, body: 'second' };
    });
    await started[1].opened;
    failing.open();
    await expect(failed).rejects.toThrow('broken');
    await expect(run(key, done)).rejects.toMatchObject({ code: 'idempotency_in_progress' });
    working.open();
    expect(await worked).toBe('second');
    expect(await run(key, done)).toBe('second');
  });

  it('that was lost takes the effect with it', async () => {
    const key = newKey();
    const { opened, open } = gate();
    const started = gate();
    const slow = api.app.get(Idempotency).run(
      {
        headers: { 'idempotency-key': key },
        method: 'POST',
        url: '/v1/test',
        id: 'r',
        body: {},
        principal: { scope: 'host', subject: 's' },
      } as unknown as FastifyRequest,
      {} as FastifyReply,
      async (tx) => {
        await tx.plan.create({ data: { id: 'pln_lost', name: 'lost', createdAt: api.clock.now() } });
        started.open();
        await opened;
        return { status: 201, body: null };
      },
    );
    await started.opened;
    api.clock.advance(61 * SECOND);
    await run(key, done);
    open();
    await expect(slow).rejects.toBeInstanceOf(DomainError);
    expect(await api.database.prisma.plan.count({ where: { id: 'pln_lost' } })).toBe(0);
  });
});

describe('a key whose work failed while its commit was under way', () => {
  it('is let go of only if that was not committed', async () => {
    const key = newKey();
    const inDoubt = await api.database.pool.connect();
    const request = {
      headers: { 'idempotency-key': key },
      method: 'POST',
      url: '/v1/in-doubt',
      id: 'r',
      body: {},
      principal: { scope: 'host', subject: 's' },
    } as unknown as FastifyRequest;
    const reply = { status: () => reply, header: () => reply } as unknown as FastifyReply;
    const idempotency = api.app.get(Idempotency);
    const failing = idempotency.runTogether(request, reply, async (claim) => {
      // What a connection that broke after COMMIT was sent may leave behind: PostgreSQL has not got to it yet.
      await inDoubt.query('BEGIN');
      await inDoubt.query(
        'UPDATE idempotency_keys SET response_status = 201, response_body = $2 WHERE lease_token = $1',
        [claim?.leaseToken, JSON.stringify(JSON.stringify('done'))],
      );
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    });
    const outcome = expect(failing).rejects.toThrow('ECONNRESET');
    await untilSomebodyWaits(api, inDoubt);
    await inDoubt.query('COMMIT');
    inDoubt.release();
    await outcome;
    expect(await idempotency.run(request, reply, () => Promise.resolve({ status: 201, body: 'again' }))).toBe('done');
  });
});

describe('old keys', () => {
  it('are deleted after two days, not before', async () => {
    const [old, young] = [newKey(), newKey()];
    await post(old, { userId: 'old', name: 'Ann' });
    api.clock.advance(30 * HOUR);
    await post(young, { userId: 'young', name: 'Ann' });
    api.clock.advance(19 * HOUR);
    await api.app.get(Idempotency).deleteExpired();
    const left = await api.database.prisma.idempotencyKey.findMany({ where: { key: { in: [old, young] } } });
    expect(left.map(({ key }) => key)).toEqual([young]);
  });
});
