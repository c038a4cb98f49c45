import pg from 'pg';
import { AuditLog, SYSTEM, type AuditRecord } from '../../../src/audit/audit-log.js';
import { JournalSealer } from '../../../src/commissions/ledger/journal-sealer.service.js';
import { Ledger, type NewEntry } from '../../../src/commissions/ledger/ledger.js';
import { LedgerVerifier } from '../../../src/commissions/ledger/ledger-verifier.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';

let api: TestApp;
let affiliateId: string;

beforeEach(async () => {
  api = await startTestApp();
  ({ id: affiliateId } = await affiliateWithReferrals(api, 'Ledger', []));
});
afterEach(async () => api.close());

const earning = (key: string, amountMinor: bigint, overrides: Partial<NewEntry> = {}): NewEntry => ({
  kind: 'commission_earned',
  uniqueKey: key,
  facts: { amountMinor },
  affiliateId,
  currency: 'usd',
  from: 'commission_expense',
  to: 'payable',
  amountMinor,
  occurredAt: api.clock.now(),
  ...overrides,
});
const post = (...entries: NewEntry[]): Promise<Set<string>> =>
  api.database.transaction((tx) => api.app.get(Ledger).post(tx, entries));
const payable = async (): Promise<bigint | undefined> =>
  (await api.database.prisma.balance.findUnique({ where: { affiliateId_currency: { affiliateId, currency: 'usd' } } }))
    ?.payableMinor;

/** As the role that owns the tables, which is the most that anybody but a superuser may be. */
async function asOwner<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: api.ownerUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('posting', () => {
  it('of one key happens once, alone, in a group and fifty times at once', async () => {
    expect(await post(earning('one', 100n))).toEqual(new Set(['one']));
    expect(await post(earning('one', 100n), earning('two', 50n))).toEqual(new Set(['two']));
    await Promise.all(Array.from({ length: 50 }, () => post(earning('three', 25n))));
    expect(await payable()).toBe(175n);
    await expectSoundLedger(api);
  });

  it('of a known key with other facts is refused, and nothing of its group is posted', async () => {
    await post(earning('one', 100n));
    await expect(post(earning('two', 50n), earning('one', 999n))).rejects.toMatchObject({ code: 'ledger_conflict' });
    expect(await payable()).toBe(100n);
    await expectSoundLedger(api);
  });

  it('of many entries in crossing orders by many writers neither deadlocks nor loses any', async () => {
    const other = await affiliateWithReferrals(api, 'Other', []);
    const pairs = Array.from({ length: 40 }, (_, i) => {
      const entries = [earning(`a${i}`, 1n), earning(`b${i}`, 2n, { affiliateId: other.id })];
      return i % 2 ? entries : entries.reverse();
    });
    await Promise.all(pairs.map((entries) => post(...entries)));
    expect(await payable()).toBe(40n);
    await expectSoundLedger(api);
  });
});

describe('the database itself', () => {
  beforeEach(async () => {
    await post(earning('one', 100n));
  });
  afterEach(async () => expectSoundLedger(api));
  const act: AuditRecord = {
    ...{ actorId: 'stf_1', action: 'affiliate.suspended', reason: 'Asked for by the affiliate.' },
    ...{ subjectType: 'affiliate', subjectId: 'aff_1', before: { status: 'active' }, after: { status: 'suspended' } },
  };

  it.each([
    ['journal_entries', 'kind'],
    ['postings', 'account'],
    ['journal_seals', 'hash'],
    ['audit_log', 'reason'],
  ])('refuses to change, delete or truncate %s, even for their owner', async (table, column) => {
    await api.database.transaction((tx) => api.app.get(AuditLog).record(tx, act));
    await api.app.get(JournalSealer).sealAll();
    await asOwner(async (client) => {
      for (const sql of [
        `UPDATE ${table} SET ${column} = ${column}`,
        `DELETE FROM ${table}`,
        `TRUNCATE ${table} CASCADE`,
      ]) {
        await expect(client.query(sql)).rejects.toThrow('append-only');
      }
    });
    await expect(api.database.pool.query(`DELETE FROM ${table}`)).rejects.toThrow('permission denied');
  });

  it('refuses an act of staff without a reason', async () => {
    const record = (entry: AuditRecord) => api.database.transaction((tx) => api.app.get(AuditLog).record(tx, entry));
    await expect(record({ ...act, reason: ' ' })).rejects.toThrow('audit_log_reason');
    await record({ ...act, reason: '', actorId: SYSTEM });
  });

  it('refuses postings that do not sum to zero', async () => {
    const entryId = (await api.database.prisma.journalEntry.findFirstOrThrow()).id;
    const insert = `INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor) VALUES ($1, 'usd', 99, $2, 'payable', 5)`;
    await expect(api.database.pool.query(insert, [affiliateId, entryId])).rejects.toThrow('do not sum to zero');
  });

  it('refuses a posting in two live payout lines', async () => {
    const line = (payoutId: string) =>
      api.database.prisma.$executeRaw`
        INSERT INTO payout_lines (payout_id, affiliate_id, currency, seq, amount_minor) VALUES (${payoutId}, ${affiliateId}, 'usd', 2, 100)`;
    await line('po_1');
    await expect(line('po_2')).rejects.toThrow(/unique/i);
    await api.database.prisma.$executeRaw`DELETE FROM payout_lines`;
  });
});

describe('verification', () => {
  const tamper = (...statements: string[]): Promise<void> =>
    asOwner(async (client) => {
      for (const sql of ['ALTER TABLE postings DISABLE TRIGGER USER', ...statements]) await client.query(sql);
    });
  const breaches = async (): Promise<string[]> =>
    (await api.app.get(LedgerVerifier).verify()).invariants
      .filter((found) => found.breaches.length > 0)
      .map(({ name }) => name);

  beforeEach(async () => {
    await post(earning('one', 100n));
    expect(await breaches()).toEqual([]);
  });

  it('finds an altered amount', async () => {
    await tamper(`UPDATE postings SET amount_minor = 101 WHERE account = 'payable'`);
    expect(await breaches()).toEqual([
      'every entry sums to zero',
      'every balance equals its postings',
      'unpaid postings equal what is payable',
    ]);
  });

  it('finds a removed posting', async () => {
    await tamper(`DELETE FROM postings WHERE account = 'payable'`);
    expect(await breaches()).toContain('every entry sums to zero');
  });

  it('finds an altered balance', async () => {
    await tamper('UPDATE balances SET payable_minor = payable_minor + 1');
    expect(await breaches()).toContain('every balance equals its postings');
  });

  it('finds a payout that nothing was reserved for', async () => {
    await tamper(
      `INSERT INTO payout_runs (id, period, cut_off, status, started_at) VALUES ('run_x', '2026-12', now(), 'completed', now())`,
      `INSERT INTO payouts (id, run_id, affiliate_id, currency, amount_minor, first_seq, last_seq, status, destination, created_at)
       VALUES ('po_x', 'run_x', '${affiliateId}', 'usd', 100, 1, 1, 'paid', 'acct_x', now())`,
    );
    expect(await breaches()).toEqual(['every payout equals its lines', 'payouts equal what was reserved and paid']);
  });
});
