import { request } from 'node:http';
import { Stripe } from 'stripe';
import type { RequestFault } from '../../../src/stripe/emulator/index.js';
import { eventually } from '../../setup/eventually.js';
import { holdRequest } from '../../setup/held-requests.js';
import { control, createActiveAccount, sdkFor, startHarness, type Harness } from './emulator-harness.js';

const HOUR_MS = 3_600_000;
/** Later than anything that a test does meanwhile. */
const LATE_MS = 15_000;

describe('idempotency and faults in the Stripe emulator', () => {
  let harness: Harness;
  let destination: string;

  beforeEach(async () => {
    harness = await startHarness();
    destination = await createActiveAccount(harness);
  });

  afterEach(() => harness.close());

  const send = (idempotencyKey: string, amount = 100): Promise<Stripe.Response<Stripe.Transfer>> =>
    harness.stripe.transfers.create({ amount, currency: 'usd', destination, transfer_group: 'g' }, { idempotencyKey });

  const transferCount = async (): Promise<number> => (await harness.stripe.transfers.list({ limit: 100 })).data.length;

  /** Hangs up once its request has arrived. */
  const impatientSdk = (): Stripe =>
    sdkFor(harness.emulator, {
      httpClient: Stripe.createFetchHttpClient(async (address, init) => {
        const hangUp = new AbortController();
        const answer = fetch(address, { ...init, signal: hangUp.signal });
        await eventually(async () => {
          expect(await control(harness.emulator, 'GET', 'faults')).toMatchObject({ requests: [] });
        });
        hangUp.abort();
        return answer;
      }),
    });

  const arm = (fault: Omit<RequestFault, 'method' | 'path'>): void =>
    harness.emulator.faults.add({ ...fault, method: 'POST', path: '/v1/transfers' });

  it('should replay the answer of a key for 24 hours and then carry the request out anew', async () => {
    const first = await send('key-1');
    harness.clock.advanceMs(24 * HOUR_MS - 1);
    const again = await send('key-1');
    expect(again).toEqual(first);
    expect(again.lastResponse.headers).toMatchObject({
      'idempotent-replayed': 'true',
      'original-request': first.lastResponse.requestId,
      'idempotency-key': 'key-1',
    });
    expect(again.lastResponse.requestId).not.toBe(first.lastResponse.requestId);
    harness.clock.advanceMs(1);
    expect((await send('key-1')).id).not.toBe(first.id);
    expect(await transferCount()).toBe(2);
  });

  it('should refuse other parameters under a key', async () => {
    await send('key-1', 100);
    await expect(send('key-1', 101)).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
      statusCode: 400,
    });
    await expect(harness.stripe.customers.create({}, { idempotencyKey: 'key-1' })).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
    });
    expect(await transferCount()).toBe(1);
  });

  it('should replay a refusal, yet store nothing for a request that was never carried out', async () => {
    await control(harness.emulator, 'POST', 'balance', { usd: 0 });
    await expect(send('key-1')).rejects.toMatchObject({ code: 'balance_insufficient' });
    await expect(send('key-2', -1)).rejects.toMatchObject({ code: 'parameter_invalid_integer' });
    await control(harness.emulator, 'POST', 'balance', { usd: 1000 });
    await expect(send('key-1')).rejects.toMatchObject({
      code: 'balance_insufficient',
      headers: { 'idempotent-replayed': 'true' },
    });
    await send('key-2');
    expect(await transferCount()).toBe(1);
  });

  it('should replay v2 answers as well', async () => {
    const create = (name: string): Promise<Stripe.V2.Core.Account> =>
      harness.stripe.v2.core.accounts.create(
        { display_name: name, identity: { country: 'us' }, configuration: { recipient: {} } },
        { idempotencyKey: 'account-1' },
      );
    const first = await create('Ada');
    expect((await create('Ada')).id).toBe(first.id);
    await expect(create('Bob')).rejects.toMatchObject({ type: 'StripeIdempotencyError' });
  });

  it('should refuse a key whose first request is still under way', async () => {
    const first = holdRequest(harness.emulator, { method: 'POST', path: '/v1/transfers' });
    const sent = send('key-1');
    await first.arrived();
    await expect(send('key-1')).rejects.toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    first.letGo();
    expect((await sent).object).toBe('transfer');
    expect(await transferCount()).toBe(1);
  });

  it('should answer a stored 500 to the same key for ever, without having done anything', async () => {
    arm({ kind: 'error_500' });
    await expect(send('key-1')).rejects.toMatchObject({ type: 'StripeAPIError', statusCode: 500 });
    await expect(send('key-1')).rejects.toMatchObject({
      statusCode: 500,
      headers: { 'idempotent-replayed': 'true', 'stripe-should-retry': 'false' },
    });
    expect(await transferCount()).toBe(0);
    await send('key-2');
  });

  it('should answer a stored 500 although the transfer was made', async () => {
    arm({ kind: 'error_500_after_commit' });
    await expect(send('key-1')).rejects.toMatchObject({ statusCode: 500 });
    await expect(send('key-1')).rejects.toMatchObject({ statusCode: 500 });
    expect((await harness.stripe.transfers.list({ transfer_group: 'g' })).data).toHaveLength(1);
  });

  it('should hang up after the commit, so that only the key finds the transfer again', async () => {
    // Twice, because the SDK itself tries once more when a socket closes.
    arm({ kind: 'drop_after_commit', count: 2 });
    await expect(send('key-1')).rejects.toMatchObject({ type: 'StripeConnectionError' });
    expect(await transferCount()).toBe(1);
    expect((await send('key-1')).lastResponse.headers).toMatchObject({ 'idempotent-replayed': 'true' });
    expect(await transferCount()).toBe(1);
  });

  it('should hang up before anything is done', async () => {
    arm({ kind: 'drop_before', count: 2 });
    await expect(send('key-1')).rejects.toMatchObject({ type: 'StripeConnectionError' });
    expect(await transferCount()).toBe(0);
    expect((await send('key-1')).lastResponse.headers).not.toHaveProperty('idempotent-replayed');
  });

  it.each<[RequestFault['kind'], object]>([
    ['rate_limited_429', { type: 'StripeRateLimitError', statusCode: 429, code: 'rate_limit' }],
    ['lock_timeout', { type: 'StripeRateLimitError', statusCode: 429, code: 'lock_timeout' }],
  ])('should not store %s under the key', async (kind, error) => {
    arm({ kind });
    await expect(send('key-1')).rejects.toMatchObject(error);
    expect((await send('key-1')).object).toBe('transfer');
  });

  it('should store a refusal for lack of funds that is made up', async () => {
    arm({ kind: 'balance_insufficient' });
    await expect(send('key-1')).rejects.toMatchObject({ statusCode: 400, code: 'balance_insufficient' });
    await expect(send('key-1')).rejects.toMatchObject({ code: 'balance_insufficient' });
    expect((await send('key-2')).object).toBe('transfer');
  });

  it('should answer bodies that are no transfer', async () => {
    arm({ kind: 'bad_gateway_502' });
    arm({ kind: 'bad_gateway_502', body: 'empty_json', afterCommit: true });
    arm({ kind: 'not_a_transfer' });
    await expect(send('key-1')).rejects.toMatchObject({
      type: 'StripeAPIError',
      message: expect.stringContaining('Invalid JSON') as unknown,
    });
    expect(await transferCount()).toBe(0);
    // The SDK takes a 502 whose body has no error for a success.
    expect(await send('key-1')).toEqual({});
    expect(await transferCount()).toBe(1);
    expect((await send('key-1')).object).toBe('customer');
    expect((await send('key-1')).object).toBe('transfer');
    expect(await transferCount()).toBe(1);
  });

  it.each<[Omit<RequestFault, 'method' | 'path'>, object, number]>([
    [{ kind: 'drop_before', count: 2 }, { type: 'StripeConnectionError' }, 0],
    [{ kind: 'rate_limited_429' }, { type: 'StripeRateLimitError', code: 'rate_limit' }, 0],
    [{ kind: 'lock_timeout' }, { type: 'StripeRateLimitError', code: 'lock_timeout' }, 0],
    [{ kind: 'unauthorized_401' }, { type: 'StripeAuthenticationError', statusCode: 401 }, 0],
    [{ kind: 'forbidden_403' }, { type: 'StripePermissionError', statusCode: 403 }, 0],
    [{ kind: 'idempotency_error' }, { type: 'StripeIdempotencyError', statusCode: 400 }, 0],
    [{ kind: 'refused_400' }, { type: 'StripeInvalidRequestError', code: 'account_invalid' }, 0],
    [{ kind: 'balance_insufficient' }, { type: 'StripeInvalidRequestError', code: 'balance_insufficient' }, 0],
    [{ kind: 'error_500' }, { type: 'StripeAPIError', statusCode: 500 }, 0],
    [{ kind: 'error_500_after_commit' }, { type: 'StripeAPIError', statusCode: 500 }, 1],
    [{ kind: 'drop_after_commit', count: 2 }, { type: 'StripeConnectionError' }, 1],
    [{ kind: 'bad_gateway_502' }, { type: 'StripeAPIError' }, 0],
    [{ kind: 'bad_gateway_502', afterCommit: true }, { type: 'StripeAPIError' }, 1],
    [{ kind: 'delay_ms', delayMs: LATE_MS }, { type: 'StripeConnectionError' }, 0],
    [{ kind: 'delay_ms', delayMs: LATE_MS, afterCommit: true }, { type: 'StripeConnectionError' }, 1],
  ])('should do what it is told over HTTP: %j', async (fault, error, transfersMade) => {
    await control(harness.emulator, 'POST', 'faults', { ...fault, method: 'POST', path: '/v1/transfers' });
    const stripe = fault.kind === 'delay_ms' ? impatientSdk() : harness.stripe;
    await expect(
      stripe.transfers.create({ amount: 100, currency: 'usd', destination }, { idempotencyKey: 'key-1' }),
    ).rejects.toMatchObject(error);
    expect(await transferCount()).toBe(transfersMade);
    expect(await control(harness.emulator, 'GET', 'faults')).toEqual({ requests: [], webhooks: [] });
  });

  it('should hold back only the answer when a delay comes after the commit', async () => {
    arm({ kind: 'delay_ms', delayMs: 200, afterCommit: true });
    const late = send('key-1');
    await eventually(async () => expect(await transferCount()).toBe(1));
    // Its answer is known under the key before whoever asked first has it.
    expect((await send('key-1')).lastResponse.headers).toMatchObject({ 'idempotent-replayed': 'true' });
    expect((await late).lastResponse.headers).not.toHaveProperty('idempotent-replayed');
  });

  it('should befall questions as well as changes, each at its own address', async () => {
    const { emulator, stripe } = harness;
    const transfer = await send('key-1');
    emulator.faults.add({ kind: 'error_500', method: 'GET', path: '/v1/transfers', count: null });
    emulator.faults.add({ kind: 'bad_gateway_502', method: 'GET', path: '/v1/accounts/*', count: null });
    emulator.faults.add({ kind: 'error_500', method: 'GET', path: '/v2/core/accounts/*', count: null });
    await expect(stripe.transfers.list({ transfer_group: 'g' })).rejects.toMatchObject({ statusCode: 500 });
    await expect(stripe.accounts.retrieve(destination)).rejects.toMatchObject({ type: 'StripeAPIError' });
    await expect(stripe.v2.core.accounts.retrieve(destination)).rejects.toMatchObject({ statusCode: 500 });
    expect((await stripe.transfers.retrieve(transfer.id)).id).toBe(transfer.id);
    expect((await send('key-2')).object).toBe('transfer');
    emulator.faults.clear();
    expect((await stripe.transfers.list({ transfer_group: 'g' })).data).toHaveLength(2);
  });

  it('should find the transfers of a group, and take back those of a request that failed', async () => {
    const { stripe } = harness;
    const first = await send('key-1');
    const second = await send('key-2');
    await stripe.transfers.create({ amount: 100, currency: 'usd', destination, transfer_group: 'other' });
    await expect(
      stripe.transfers.create({ amount: 1, currency: 'chf', destination, transfer_group: 'g' }),
    ).rejects.toMatchObject({ code: 'balance_insufficient' });
    await stripe.transfers.update(first.id, { metadata: { seen: 'yes' } });
    const { data } = await stripe.transfers.list({ transfer_group: 'g' });
    expect(data.map(({ id, metadata }) => [id, metadata])).toEqual([
      [second.id, {}],
      [first.id, { seen: 'yes' }],
    ]);
    expect((await stripe.transfers.list({ transfer_group: 'g', destination: 'acct_other' })).data).toEqual([]);
    expect((await stripe.transfers.list({ transfer_group: 'nobody' })).data).toEqual([]);
  });

  it('should leave other paths alone, fail by chance in a repeatable way, and be told over HTTP', async () => {
    const { emulator, stripe } = harness;
    await control(emulator, 'POST', 'faults', {
      kind: 'rate_limited_429',
      method: 'POST',
      path: '/v1/transfers/*/reversals',
      count: null,
    });
    const transfer = await send('key-0');
    await expect(stripe.transfers.createReversal(transfer.id)).rejects.toMatchObject({ statusCode: 429 });
    expect(await control(emulator, 'DELETE', 'faults')).toEqual({ requests: [], webhooks: [] });
    await stripe.transfers.createReversal(transfer.id);

    const failures = async (round: string): Promise<number[]> => {
      emulator.faults.clear();
      arm({ kind: 'rate_limited_429', count: null, probability: 0.5, seed: 42 });
      const failed: number[] = [];
      for (let index = 0; index < 20; index += 1) await send(`${round}-${index}`).catch(() => failed.push(index));
      return failed;
    };
    const first = await failures('a');
    expect(first.length).toBeGreaterThan(2);
    expect(first.length).toBeLessThan(18);
    expect(await failures('b')).toEqual(first);
    expect((await control(emulator, 'POST', 'faults', { kind: 'nonsense' })).error).toMatchObject({
      param: 'kind',
    });
  });

  it('should befall exactly as many of many simultaneous requests as it was told to', async () => {
    arm({ kind: 'error_500', count: 7, delayMs: 20 });
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, index) => send(`key-${index}`)));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(7);
    expect(await transferCount()).toBe(23);
    expect(harness.emulator.faults.pending().requests).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['a path that is no address', '//', ''],
    ['an encoding that is none', '/v1/customers/%zz', ''],
    ['deep nesting', '/v1/customers', `metadata${'[a]'.repeat(50)}=1`],
    ['a list where text belongs', '/v1/customers', 'name[]=1'],
    ['the name of a prototype', '/v1/customers/__proto__', '__proto__[polluted]=1'],
    ['a body that is no JSON', '/v2/core/accounts', '{'],
    ['a body of two megabytes', '/v1/customers', `name=${'x'.repeat(2_000_000)}`],
  ])('should refuse %s with a 4xx', async (_, path, body) => {
    const response = await new Promise<number>((resolve, reject) => {
      const { hostname, port } = new URL(harness.emulator.url);
      const headers = { authorization: 'Bearer sk_test_emulator' };
      request({ hostname, port, path, method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', reject)
        .end(body);
    });
    expect(response).toBeGreaterThanOrEqual(400);
    expect(response).toBeLessThan(500);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
});
