import type { ErrorBody } from '../../../src/http/error-response.js';
import { Idempotency } from '../../../src/http/idempotency.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { startCrashableServer, type CrashableServer } from '../../setup/crashable-server.js';
import type { TestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';
import { createAffiliate } from '../referrals/visits.js';

/** The clock stands still: no lease ever runs out. */
describe('a request under an Idempotency-Key whose database went away', () => {
  let postgres: CrashableServer;
  let database: TestDatabase;
  let api: TestApp;
  let code: string;

  beforeAll(async () => {
    postgres = await startCrashableServer();
    database = await postgres.createDatabase();
    api = await startTestApp({ databaseUrl: database.url });
    ({ code } = await createAffiliate(api));
  });
  afterAll(async () => {
    await api.close();
    await postgres.close();
  });

  const post = (path: string, key: string, body: object): Promise<TestResponse<Partial<ErrorBody>>> =>
    api.request('POST', path, { body, headers: { 'idempotency-key': key } });
  const isReplayed = ({ headers }: TestResponse<unknown>): boolean => headers.get('idempotent-replayed') === 'true';
  const effects = async (name: string): Promise<number[]> => [
    await api.database.prisma.affiliate.count({ where: { userId: `affiliate-${name}` } }),
    await api.database.prisma.referral.count({ where: { referredUserId: `user-${name}` } }),
  ];
  /** One alone in its transaction, and one that shares its transaction with others. */
  const requests = (name: string): (() => Promise<TestResponse<Partial<ErrorBody>>>)[] => [
    () => post('/v1/affiliates', `a-${name}`, { userId: `affiliate-${name}`, name: 'Ann' }),
    () => post('/v1/referrals', `r-${name}`, { referredUserId: `user-${name}`, code }),
  ];

  it('before the work was done does it when it is sent again, as soon as the database is back', async () => {
    const { all, one } = arrivals(2);
    let crash: Promise<void> | undefined;
    const restore = intercept(async (work) => {
      one();
      await all;
      await (crash ??= postgres.crash());
      return work();
    });
    expect(await statusesOf(requests('before'))).toEqual([503, 503]);
    restore();
    await postgres.start();
    await eventually(async () => expect(await statusesOf(requests('before'))).toEqual([201, 201]));
    expect(await effects('before')).toEqual([1, 1]);
  });

  it('after the work was committed has its answer when it is sent again', async () => {
    const { all, one } = arrivals(2);
    let stopping: Promise<void> | undefined;
    const restore = intercept(async (work) => {
      await work();
      // Nobody hears of either commit.
      one();
      await all;
      await (stopping ??= postgres.stop());
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    });
    expect(await statusesOf(requests('after'))).toEqual([503, 503]);
    restore();
    await postgres.start();
    const answers = await eventually(async () => {
      const again = await Promise.all(requests('after').map((send) => send()));
      expect(again.map(({ status }) => status)).toEqual([201, 201]);
      return again;
    });
    expect(answers.map(isReplayed)).toEqual([true, true]);
    expect(await effects('after')).toEqual([1, 1]);
  });

  it('while the key was being claimed is done when it is sent again', async () => {
    const keys = api.database.prisma.idempotencyKey;
    const original = keys.createMany;
    let lost = 0;
    const claiming = async (...args: Parameters<typeof original>): Promise<never> => {
      await original.apply(keys, args);
      lost += 1;
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    };
    Object.assign(keys, { createMany: claiming });
    expect(await statusesOf(requests('claiming'))).toEqual([503, 503]);
    Object.assign(keys, { createMany: original });
    expect(lost).toBe(2);
    await eventually(async () => expect(await statusesOf(requests('claiming'))).toEqual([201, 201]));
    expect(await effects('claiming')).toEqual([1, 1]);
  });

  async function statusesOf(sends: (() => Promise<TestResponse<unknown>>)[]): Promise<number[]> {
    return (await Promise.all(sends.map((send) => send()))).map(({ status }) => status);
  }

  /** Puts itself around the work under each key, which has been claimed by then. */
  function intercept(around: (work: () => Promise<unknown>) => Promise<unknown>): () => void {
    const idempotency = api.app.get(Idempotency);
    const runTogether = idempotency.runTogether.bind(idempotency) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(idempotency, {
      runTogether: (request: unknown, reply: unknown, work: (claim: unknown) => Promise<unknown>) =>
        runTogether(request, reply, (claim: unknown) => around(() => work(claim))),
    });
    return () => Object.assign(idempotency, { runTogether });
  }
});

/** `all` resolves once `one` was called so often. */
function arrivals(count: number): { all: Promise<void>; one: () => void } {
  let left = count;
  let arrived = (): void => undefined;
  const all = new Promise<void>((resolve) => (arrived = resolve));
  const one = (): void => {
    left -= 1;
    if (left === 0) arrived();
  };
  return { all, one };
}
