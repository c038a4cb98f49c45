import pg from 'pg';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { LedgerVerifier } from '../../../src/commissions/ledger/ledger-verifier.js';
import { FraudEvaluation } from '../../../src/fraud/fraud-evaluation.service.js';
import { Idempotency } from '../../../src/http/idempotency.js';
import { TwoSides } from '../../../src/payouts/reconciliation/two-sides.js';
import { RollupsService } from '../../../src/rollups/rollups.service.js';
import { Database } from '../../../src/database/database.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';

/** Enough for whatever else is asked here, on a machine that now and then stands still. */
const TIMEOUT_MS = 6_000;
/** As many as the pool has connections, and some more. */
const AT_ONCE = 30;

describe('a statement that takes too long', () => {
  let api: TestApp;
  let locker: pg.Client;

  beforeAll(async () => {
    api = await startTestApp({ statementTimeoutMs: TIMEOUT_MS, background: false });
    locker = new pg.Client({ connectionString: api.ownerUrl });
    await locker.connect();
  });
  afterAll(async () => {
    await locker.end();
    await api.close();
  });

  /** Has everybody wait who wants anything of the table. */
  async function whileLocked(table: string, work: () => Promise<void>): Promise<void> {
    await locker.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    try {
      await work();
    } finally {
      await locker.query('ROLLBACK');
    }
  }

  it('is ended, its request answered 503 with Retry-After, and its connection serves the next one', async () => {
    const list = (): Promise<TestResponse<ErrorBody>> => api.request('GET', '/v1/plans');
    const create = (): Promise<TestResponse<ErrorBody>> =>
      api.request('POST', '/v1/plans', { body: { name: 'new', rateBps: 1 }, headers: { 'idempotency-key': 'plan' } });
    await whileLocked('plans', async () => {
      const answers = await Promise.all([create(), ...Array.from({ length: AT_ONCE }, list)]);
      const told = answers.map(({ status, body, headers }) => [status, body.error.code, headers.get('retry-after')]);
      expect(told).toEqual(answers.map(() => [503, 'database_unavailable', '5']));
    });
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, list));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    // Nothing was done, and the key is free.
    const created = await create();
    expect([created.status, created.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['the proof of the ledger', 'postings', () => api.app.get(LedgerVerifier).verify()],
    ['the comparison of roll-ups', 'click_days', () => new RollupsService(api.database).compare()],
    ['the fraud rules over all affiliates', 'click_days', () => api.app.get(FraudEvaluation).evaluateAll()],
    ['the reconciliation', 'payouts', () => api.app.get(TwoSides).compare('rec_1', null, 1)],
    ['the removal of old keys', 'idempotency_keys', () => api.app.get(Idempotency).deleteExpired()],
  ])('is left alone where it is %s, which goes through everything there is', async (_what, table, work) => {
    let ended = false;
    await whileLocked(table, async () => {
      const working = work().finally(() => (ended = true));
      const waiting = eventually(async () => {
        expect(ended).toBe(false);
        expect(await longestWaitMs()).toBeGreaterThan(1.5 * TIMEOUT_MS);
      });
      await Promise.race([waiting, working]);
      await locker.query('ROLLBACK');
      await Promise.all([waiting, working]);
    });
  });

  it('is one that took 35 s in a server, and none in a command', async () => {
    const server = await startTestApp();
    const command = new Database(server.database.url);
    const limits = await Promise.all(
      [server.database, command].map(async ({ pool }) => {
        const { rows } = await pool.query<{ statement_timeout: string }>('SHOW statement_timeout');
        return rows[0]?.statement_timeout;
      }),
    );
    expect(limits).toEqual(['35s', '0']);
    await command.onApplicationShutdown();
    await server.close();
  });

  /** Of those who wait for a lock. Not asked by the locker: a transaction sees the same activities again. */
  async function longestWaitMs(): Promise<number> {
    const { rows } = await api.database.pool.query<{ ms: number }>(
      `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start) * 1000), 0)::float8 AS ms
       FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows[0]?.ms ?? 0;
  }
});
