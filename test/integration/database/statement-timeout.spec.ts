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
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, invoicePayment, paidInvoice, refundOf } from '../../setup/webhooks.js';

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

  it('fails its Stripe event alone where it is always one of that, and all others are worked on', async () => {
    const server = await startTestApp({ statementTimeoutMs: TIMEOUT_MS });
    const asOwner = async (sql: string): Promise<void> => {
      const owner = new pg.Client({ connectionString: server.ownerUrl });
      await owner.connect();
      await owner.query(sql).finally(() => owner.end());
    };
    // Nothing that any lock explains: PostgreSQL is at it for as long as nobody ends it.
    await asOwner(`
      CREATE FUNCTION never_end() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); RETURN NEW; END';
      CREATE TRIGGER endless BEFORE INSERT ON stripe_invoices FOR EACH ROW WHEN (NEW.id = 'in_endless') EXECUTE FUNCTION never_end();
      CREATE TRIGGER endless BEFORE INSERT ON stripe_losses FOR EACH ROW WHEN (NEW.id = 're_endless') EXECUTE FUNCTION never_end()`);
    await affiliateWithReferrals(server, 'Beside', ['beside']);
    const payment = (invoice: string) => invoicePayment(server, { invoice, payment: `pi_of_${invoice}`, amount: 9900 });
    const endless = [
      eventOf(server, 'invoice.paid', paidInvoice(server, { id: 'in_endless', userId: 'beside' })),
      eventOf(
        server,
        'refund.created',
        refundOf(server, { id: 're_endless', payment: 'pi_of_in_beside', amount: 100 }),
      ),
    ];
    const others = [
      eventOf(server, 'invoice.paid', paidInvoice(server, { id: 'in_beside', userId: 'beside' })),
      eventOf(server, 'invoice_payment.paid', payment('in_beside')),
      eventOf(server, 'refund.created', refundOf(server, { payment: 'pi_of_in_beside', amount: 9900 })),
    ];
    const [first, ...rest] = others;
    for (const event of [first, ...endless, ...rest]) expect((await deliver(server, event)).status).toBe(200);
    const stored = (events: Record<string, unknown>[]) =>
      server.database.prisma.stripeEvent.findMany({ where: { id: { in: events.map(({ id }) => String(id)) } } });
    await eventually(async () => {
      for (const { status } of await stored(others)) expect(status).toBe('processed');
      for (const event of await stored(endless)) {
        expect(event.attempts).toBeGreaterThan(0);
        expect(event.lastError).toContain('statement timeout');
      }
    });
    // Not the triggers are taken away, which would wait for tables in whose use the next tries may be.
    await asOwner("CREATE OR REPLACE FUNCTION never_end() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'");
    await eventually(async () => {
      for (const { status } of await stored(endless)) expect(status).toBe('processed');
    });
    await expectSoundLedger(server);
    await server.close();
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
