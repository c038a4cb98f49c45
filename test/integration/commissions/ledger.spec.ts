import { Prisma } from '@prisma/client';
import pg from 'pg';
import { AuditLog, SYSTEM, type AuditRecord } from '../../../src/audit/audit-log.js';
import { JournalSealer } from '../../../src/commissions/ledger/journal-sealer.service.js';
import { Ledger, type NewEntry } from '../../../src/commissions/ledger/ledger.js';
import { LedgerVerifier } from '../../../src/commissions/ledger/ledger-verifier.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { sell } from '../../setup/sales.js';

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

  it('keeps guarding the money where other triggers rest, as while a copy is replicated', async () => {
    const guards = await api.database.prisma.$queryRaw<{ name: string; enabled: string }[]>`
      SELECT tgname::text AS name, tgenabled::text AS enabled FROM pg_trigger
      WHERE tgname ~ '_(append_only|no_truncate|zero_sum|never_overlap|only_released)$'`;
    expect(guards.length).toBeGreaterThanOrEqual(17);
    expect(guards.filter(({ enabled }) => enabled !== 'A')).toEqual([]);
  });

  it('refuses a second payout of a balance in a run, unless the first was given back', async () => {
    const { prisma } = api.database;
    const now = api.clock.now();
    const run = { id: 'run_1', period: '2026-12', cutOff: now, startedAt: now, status: 'reserving' };
    await prisma.payoutRun.create({ data: run });
    const payout = { runId: run.id, affiliateId, currency: 'usd', amountMinor: 100n, destination: 'acct_1' };
    const add = (id: string) => prisma.payout.create({ data: { ...payout, id, status: 'pending', createdAt: now } });
    await add('po_1');
    await expect(add('po_2')).rejects.toMatchObject({ code: 'P2002' });
    await prisma.payout.update({ where: { id: 'po_1' }, data: { status: 'paid' } });
    await expect(add('po_2')).rejects.toMatchObject({ code: 'P2002' });
    await prisma.payout.update({ where: { id: 'po_1' }, data: { status: 'failed' } });
    await add('po_2');
    await asOwner(async (client) => void (await client.query('DELETE FROM payouts')));
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

  it('refuses postings of an entry that is not there', async () => {
    const insert = `
      INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor)
      VALUES ($1, 'usd', 98, 'jrn_none', 'held', -5), ($1, 'usd', 99, 'jrn_none', 'payable', 5)`;
    await expect(api.database.pool.query(insert, [affiliateId])).rejects.toThrow(
      'an entry that is not there: jrn_none',
    );
  });

  describe('of payout lines', () => {
    afterEach(async () => void (await api.database.prisma.$executeRaw`DELETE FROM payout_lines`));

    const line = (payoutId: string, firstSeq: number, lastSeq: number) =>
      Prisma.sql`
        INSERT INTO payout_lines (payout_id, affiliate_id, currency, first_seq, last_seq, item_count, amount_minor)
        VALUES (${payoutId}, ${affiliateId}, 'usd', ${firstSeq}, ${lastSeq}, 1, 100)`;
    const insert = (...range: Parameters<typeof line>) => api.database.prisma.$executeRaw(line(...range));

    it.each([
      ['the same', 10, 20],
      ['the beginning', 5, 10],
      ['the end', 20, 30],
      ['the middle', 14, 14],
      ['all and more', 1, 40],
    ])('refuses two live ones of the same postings: %s', async (_what, firstSeq, lastSeq) => {
      await insert('po_1', 10, 20);
      await expect(insert('po_2', firstSeq, lastSeq)).rejects.toThrow(/two payouts|unique/i);
      await expect(insert('po_1', firstSeq, lastSeq)).rejects.toThrow(/two payouts|unique/i);
      await insert('po_2', 21, 30);
      await insert('po_2', 5, 9);
    });

    it('takes a posting again once its line was released, and lets nobody take the release back', async () => {
      await insert('po_1', 10, 20);
      await api.database.prisma.$executeRaw`UPDATE payout_lines SET released_at = now()`;
      await insert('po_2', 15, 25);
      for (const change of ['released_at = NULL', 'released_at = now()', 'last_seq = 14']) {
        const sql = `UPDATE payout_lines SET ${change} WHERE payout_id = 'po_1'`;
        await expect(api.database.pool.query(sql)).rejects.toThrow('released once and never changed');
      }
      const grown = `UPDATE payout_lines SET first_seq = 1 WHERE payout_id = 'po_2'`;
      await expect(api.database.pool.query(grown)).rejects.toThrow('released once and never changed');
    });

    it('makes the second of two that write at once wait, and refuses it', async () => {
      const second = await api.database.transaction(async (tx) => {
        await tx.$executeRaw(line('po_1', 10, 20));
        const waiting = insert('po_2', 15, 25).catch((error: unknown) => String(error));
        await eventually(async () => {
          const [row] = await api.database.prisma.$queryRaw<{ n: number }[]>`
            SELECT count(*)::int AS n FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO payout_lines%'`;
          expect(row?.n).toBe(1);
        });
        return { waiting };
      });
      expect(await second.waiting).toMatch('two payouts');
      const lines = await api.database.prisma.payoutLine.findMany();
      expect(lines.map(({ payoutId }) => payoutId)).toEqual(['po_1']);
    });

    it('refuses them in a transaction that would not see what it waited for', async () => {
      await expect(api.database.snapshot((tx) => tx.$executeRaw(line('po_1', 10, 20)))).rejects.toThrow(
        'READ COMMITTED only',
      );
    });
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

  it('finds postings that name no entry', async () => {
    await tamper(`UPDATE postings SET entry_id = 'jrn_none'`);
    const { invariants } = await api.app.get(LedgerVerifier).verify();
    expect(invariants.flatMap((found) => found.breaches)).toContain(
      `posting 1 of ${affiliateId} in usd names no entry: jrn_none`,
    );
  });

  it('finds a removed posting', async () => {
    await tamper(`DELETE FROM postings WHERE account = 'payable'`);
    expect(await breaches()).toContain('every entry sums to zero');
  });

  it('finds an altered balance', async () => {
    await tamper('UPDATE balances SET payable_minor = payable_minor + 1');
    expect(await breaches()).toContain('every balance equals its postings');
  });

  it.each([
    ['payable postings say since when', `postings SET payable_since = payable_since - interval '1 day'`],
    ['commissions net from 0 to their amount', 'commissions SET amount_minor = amount_minor - 1'],
    ['every referral earned what its postings say', 'referral_earnings SET earned_minor = earned_minor + 1'],
    ['unpaid postings equal what is payable', 'balances SET first_unlined_seq = last_seq + 1'],
  ])('knows by "%s" that somebody has altered just that', async (invariant, change) => {
    await sell(api, 'Sold');
    await tamper(`UPDATE ${change}`);
    expect(await breaches()).toEqual([invariant]);
  });

  it('finds a payout that nothing was reserved for', async () => {
    await tamper(
      `INSERT INTO payout_runs (id, period, cut_off, status, started_at) VALUES ('run_x', '2026-12', now(), 'completed', now())`,
      `INSERT INTO payouts (id, run_id, affiliate_id, currency, amount_minor, status, destination, created_at)
       VALUES ('po_x', 'run_x', '${affiliateId}', 'usd', 100, 'paid', 'acct_x', now())`,
    );
    expect(await breaches()).toEqual(['every payout equals its lines', 'payouts equal what was reserved and paid']);
  });

  it('finds a run that keeps something else than its payouts come to', async () => {
    const kept = { payouts: [{ currency: 'usd', status: 'paid', count: 2, amountMinor: '100' }], skips: [] };
    await tamper(
      `INSERT INTO payout_runs (id, period, cut_off, status, started_at, outcome)
       VALUES ('run_x', '2026-12', now(), 'completed', now(), '${JSON.stringify(kept)}')`,
    );
    expect(await breaches()).toEqual(['every run that is over keeps what its payouts come to']);
  });

  it('finds a payout line that covers more than it says, and one that lies over another', async () => {
    await post(earning('two', 100n), earning('three', 100n));
    const line = (payoutId: string, firstSeq: number, lastSeq: number, items: number): string =>
      `INSERT INTO payout_lines (payout_id, affiliate_id, currency, first_seq, last_seq, item_count, amount_minor)
       VALUES ('${payoutId}', '${affiliateId}', 'usd', ${firstSeq}, ${lastSeq}, ${items}, ${items * 100})`;
    await tamper(line('po_1', 2, 6, 2));
    expect(await breaches()).toEqual(['every payout line equals its items', 'unpaid postings equal what is payable']);
    await tamper('ALTER TABLE payout_lines DISABLE TRIGGER USER', line('po_2', 4, 4, 1));
    expect(await breaches()).toContain('no posting is in two payouts');
  });
});
