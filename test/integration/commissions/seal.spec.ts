import { createHash } from 'node:crypto';
import pg from 'pg';
import { AuditLog, type AuditRecord } from '../../../src/audit/audit-log.js';
import { formatHead, type ChainHead } from '../../../src/commissions/ledger/journal-seal.js';
import { JournalSealer } from '../../../src/commissions/ledger/journal-sealer.service.js';
import { Ledger, type NewEntry } from '../../../src/commissions/ledger/ledger.js';
import { LedgerVerifier } from '../../../src/commissions/ledger/ledger-verifier.js';
import { Database } from '../../../src/database/database.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { processEnv, runCommandProcess } from '../../setup/processes.js';

const AS_SEALED = 'every sealed entry is as it was sealed';
const SEALED_OR_WAITING = 'every entry is sealed or waits for it';
const HOUR_MS = 60 * 60 * 1000;

/** SQL for another value of a column, by its type. */
const OTHERS: Record<string, (column: string) => string> = {
  text: (column) => `coalesce(${column}, '') || 'x'`,
  jsonb: (column) => `${column} || '{"x": 1}'`,
  bytea: (column) => `${column} || '\\x00'::bytea`,
  'timestamp with time zone': (column) => `${column} + interval '1 millisecond'`,
  bigint: (column) => `${column} + 1000`,
};

let api: TestApp;
let owner: pg.Client;
let affiliateId: string;

beforeEach(async () => {
  // Without the schedule, so that nothing is sealed but by the test.
  api = await startTestApp({ background: false });
  ({ id: affiliateId } = await affiliateWithReferrals(api, 'Seal', []));
  owner = new pg.Client({ connectionString: api.ownerUrl });
  await owner.connect();
});
afterEach(async () => {
  await owner.end();
  await api.close();
});

const earning = (key: string, amountMinor: bigint): NewEntry => ({
  kind: 'commission_earned',
  uniqueKey: key,
  facts: { invoiceId: `in_${key}`, note: 'quote " and line\nend, ü, 北', nothing: null, parts: [1, true] },
  affiliateId,
  currency: 'usd',
  from: 'commission_expense',
  to: 'payable',
  amountMinor,
  occurredAt: api.clock.now(),
});
const byHand = (key: string): NewEntry => ({
  ...earning(key, 70n),
  kind: 'adjustment',
  commissionId: 'com_x',
  payoutId: 'po_x',
  stripeEventId: 'evt_x',
  staffUserId: 'stf_x',
  reason: 'a goodwill credit',
});
/** Posts one entry and gives its id. */
async function post(entry: NewEntry): Promise<string> {
  await api.database.transaction((tx) => api.app.get(Ledger).post(tx, [entry]));
  const { id } = await api.database.prisma.journalEntry.findUniqueOrThrow({ where: { uniqueKey: entry.uniqueKey } });
  return id;
}
async function postSome(count: number, prefix = 'e'): Promise<string[]> {
  const ids = [];
  for (let i = 1; i <= count; i++) ids.push(await post(earning(`${prefix}${i}`, BigInt(i * 100))));
  return ids;
}
const act = (subjectId: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ actorId: 'stf_x', action: 'affiliate.suspended', subjectType: 'affiliate', subjectId },
  ...{
    before: { status: 'active', quoted: 'quote " and line\nend, ü, 北' },
    after: { status: 'suspended', of: [1, null] },
  },
  ...{ reason: 'Asked for by the affiliate.', ...more },
});
/** Writes one audit record and gives its id. */
async function writeDown(record: AuditRecord): Promise<string> {
  await api.database.transaction((tx) => api.app.get(AuditLog).record(tx, record));
  return (await api.database.prisma.auditLog.findFirstOrThrow({ orderBy: { id: 'desc' } })).id;
}
const sealAll = () => api.app.get(JournalSealer).sealAll();
const seals = () => api.database.prisma.journalSeal.findMany({ orderBy: { number: 'asc' } });
const sealedIds = async () => (await seals()).map(({ entryId }) => entryId);
const verify = (noted?: ChainHead) => api.app.get(LedgerVerifier).verify(noted);
async function breaches(noted?: ChainHead): Promise<Record<string, string[]>> {
  const broken = (await verify(noted)).invariants.filter((invariant) => invariant.breaches.length > 0);
  return Object.fromEntries(broken.map(({ name, breaches }) => [name, breaches]));
}

/** What somebody who owns the database can do: every guard is taken away first. */
async function tamper(...statements: string[]): Promise<void> {
  await owner.query(`
    DO $$ DECLARE guard record; BEGIN
      FOR guard IN SELECT conrelid::regclass AS "table", conname FROM pg_constraint WHERE contype IN ('c', 'f')
        AND conrelid IN ('journal_entries'::regclass, 'postings'::regclass, 'audit_log'::regclass)
      LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', guard."table", guard.conname); END LOOP;
    END $$;
    ALTER TABLE journal_entries DISABLE TRIGGER USER;
    ALTER TABLE postings DISABLE TRIGGER USER;
    ALTER TABLE audit_log DISABLE TRIGGER USER;
    ALTER TABLE journal_seals DISABLE TRIGGER USER`);
  for (const sql of statements) await owner.query(sql);
}

describe('sealing', () => {
  afterEach(async () => expectSoundLedger(api));

  it('gives every entry one number without gaps, in the order of posting, and finds nothing to do the second time', async () => {
    const first = await postSome(3);
    expect(await sealAll()).toBe(3);
    expect(await sealAll()).toBe(0);
    const more = await postSome(2, 'more');
    expect(await sealAll()).toBe(2);
    expect((await seals()).map(({ number, entryId }) => [number, entryId])).toEqual(
      [...first, ...more].map((id, i) => [BigInt(i + 1), id]),
    );
    expect((await verify()).unsealed).toBe(0n);
  });

  it('goes through a backlog of several batches', async () => {
    const entries = Array.from({ length: 4_500 }, (_, i) => earning(`e${i}`, 5n));
    await api.database.transaction((tx) => api.app.get(Ledger).post(tx, entries));
    expect(await sealAll()).toBe(4_500);
    expect((await verify()).head?.number).toBe(4_500n);
  });

  it('seals an entry later whose transaction commits late, though its id is older', async () => {
    let commit: (value?: unknown) => void = () => undefined;
    const gate = new Promise((resolve) => (commit = resolve));
    const { id: other } = await affiliateWithReferrals(api, 'Late', []);
    let posted: (value?: unknown) => void = () => undefined;
    const inserted = new Promise((resolve) => (posted = resolve));
    const late = api.database.transaction(async (tx) => {
      await api.app.get(Ledger).post(tx, [{ ...earning('late', 900n), affiliateId: other }]);
      posted();
      await gate;
    });
    await inserted;
    const [early] = await postSome(1);
    expect(await sealAll()).toBe(1);
    commit();
    await late;
    expect((await verify()).unsealed).toBe(1n);
    expect(await sealAll()).toBe(1);
    const [first, second] = await sealedIds();
    expect(first).toBe(early);
    expect(second && early && second < early).toBe(true);
  });

  it('by many sealers at once, while entries are posted, seals each entry once', async () => {
    const writing = Promise.all(Array.from({ length: 60 }, (_, i) => post(earning(`w${i}`, 5n))));
    const sealers = Array.from({ length: 4 }, () => new JournalSealer(api.database));
    let sealed = 0;
    for (let round = 0; round < 5; round++) {
      for (const count of await Promise.all(sealers.map((sealer) => sealer.sealAll()))) sealed += count;
    }
    const ids = await writing;
    sealed += await sealAll();
    expect(sealed).toBe(60);
    expect((await sealedIds()).sort()).toEqual(ids.sort());
  });

  it('that is killed in the middle leaves nothing half done, and the next one goes on', async () => {
    const [first] = await postSome(1);
    await sealAll();
    const more = await postSome(3, 'more');
    // Its INSERT has to wait here, after it has read and chained the batch.
    await owner.query('BEGIN; LOCK TABLE journal_seals IN SHARE MODE');
    const killed = expect(sealAll()).rejects.toThrow();
    await eventually(async () => {
      const { rowCount } = await api.database.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO journal_seals%'`,
      );
      expect(rowCount).toBe(1);
    });
    await killed;
    await owner.query('COMMIT');
    expect(await sealedIds()).toEqual([first]);
    expect((await verify()).unsealed).toBe(3n);
    expect(await sealAll()).toBe(3);
    expect(await sealedIds()).toEqual([first, ...more]);
  });

  it('makes no writer wait, and waits for none', async () => {
    await postSome(2);
    await api.database.transaction(async (tx) => {
      await api.app.get(Ledger).post(tx, [earning('open', 5n)]);
      expect(await sealAll()).toBe(2);
    });
    await postSome(1, 'next');
    await owner.query('BEGIN; LOCK TABLE journal_seals IN SHARE MODE');
    const sealing = sealAll();
    await postSome(1, 'meanwhile');
    await owner.query('COMMIT');
    expect(await sealing).toBeGreaterThanOrEqual(2);
  });
});

describe('an outsider', () => {
  /** PostgreSQL's text of a `jsonb` value, for strings, nested arrays and what stands in facts as it is. */
  const jsonb = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(jsonb).join(', ')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const names = Object.keys(value).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    return `{${names.map((name) => `${jsonb(name)}: ${jsonb((value as Record<string, unknown>)[name])}`).join(', ')}}`;
  };
  const sha256 = (...parts: (string | Uint8Array)[]): Buffer =>
    parts.reduce<ReturnType<typeof createHash>>((hash, part) => hash.update(part), createHash('sha256')).digest();

  const entryText = async (id: string): Promise<string> => {
    const e = await api.database.prisma.journalEntry.findUniqueOrThrow({ where: { id } });
    const postings = await api.database.prisma.posting.findMany({ where: { entryId: id }, orderBy: { seq: 'asc' } });
    return jsonb([
      ...[e.id, e.kind, e.uniqueKey, Buffer.from(e.contentHash).toString('hex'), e.facts, e.affiliateId, e.currency],
      ...[String(e.occurredAt.getTime()), String(e.recordedAt.getTime())],
      ...[e.commissionId, e.payoutId, e.stripeEventId, e.staffUserId, e.reason],
      postings.map((p) => [p.affiliateId, p.currency, String(p.seq), p.account, String(p.amountMinor)]),
    ]);
  };
  const auditText = async (id: string): Promise<string> => {
    const a = await api.database.prisma.auditLog.findUniqueOrThrow({ where: { id } });
    return jsonb([
      ...[a.id, a.actorId, a.action, a.subjectType, a.subjectId, a.before, a.after, a.reason],
      String(a.recordedAt.getTime()),
    ]);
  };

  it('can work out every hash from the rows, as the decision record describes it', async () => {
    await postSome(2);
    await writeDown(act('aff_x'));
    await post(byHand('hand'));
    await writeDown(act('aff_y', { actorId: 'system', before: null, after: null, reason: '' }));
    expect(await sealAll()).toBe(5);
    let previous: Uint8Array = Buffer.alloc(32);
    for (const { entryId, hash } of await seals()) {
      const text = await (entryId.startsWith('aud_') ? auditText(entryId) : entryText(entryId));
      const expected = sha256(previous, sha256(text));
      expect(Buffer.from(hash).toString('hex')).toBe(expected.toString('hex'));
      previous = expected;
    }
    await expectSoundLedger(api);
  });

  it('gets the same hashes under other settings of the session, and from rows that went through their text form', async () => {
    await post(byHand('hand'));
    await writeDown(act('aff_x'));
    await sealAll();
    const name = new URL(api.ownerUrl).pathname.slice(1);
    for (const setting of ['TimeZone TO "Asia/Tokyo"', 'DateStyle TO "German"', 'bytea_output TO escape'])
      await owner.query(`ALTER DATABASE ${name} SET ${setting}`);
    await owner.end();
    owner = new pg.Client({ connectionString: api.ownerUrl });
    await owner.connect();
    // Out and in again as text, as a dump and its restoration do it.
    const tables = ['journal_entries', 'postings', 'audit_log'];
    const dump: { row: string }[][] = [];
    for (const table of tables) {
      dump.push((await owner.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`)).rows);
    }
    await tamper('DELETE FROM postings', 'DELETE FROM journal_entries', 'DELETE FROM audit_log');
    for (const [i, table] of tables.entries()) {
      for (const { row } of dump[i] ?? [])
        await owner.query(`INSERT INTO ${table} SELECT (t.r).* FROM (SELECT $1::text::${table} AS r) t`, [row]);
    }
    const database = new Database(api.database.url);
    const { invariants } = await new LedgerVerifier(api.clock, database).verify();
    await database.onApplicationShutdown();
    expect(invariants.filter((invariant) => invariant.breaches.length > 0)).toEqual([]);
  });
});

describe('verification names the entry', () => {
  let ids: string[];
  const nth = (n: number): string => ids[n - 1] ?? '';

  beforeEach(async () => {
    ids = await postSome(5);
    ids.push(await post(byHand('hand')));
    await sealAll();
    expect(await breaches()).toEqual({});
  });

  const altered = (n: number) => `entry ${nth(n)} was altered, or the seal before it (seal no. ${n})`;
  const removal = (n: number): string[] => [
    `DELETE FROM postings WHERE entry_id = '${nth(n)}'`,
    `DELETE FROM journal_entries WHERE id = '${nth(n)}'`,
  ];

  it('whose posting was altered', async () => {
    await tamper(`UPDATE postings SET amount_minor = 301 WHERE entry_id = '${nth(3)}' AND account = 'payable'`);
    expect((await breaches())[AS_SEALED]).toEqual([altered(3)]);
  });

  it('whose amount was altered so that every sum stays right', async () => {
    await tamper(
      `UPDATE postings SET amount_minor = amount_minor + sign(amount_minor) * 1000 WHERE entry_id = '${nth(2)}'`,
      `UPDATE balances SET payable_minor = payable_minor + 1000, lifetime_earned_minor = lifetime_earned_minor + 1000`,
    );
    expect(await breaches()).toEqual({ [AS_SEALED]: [altered(2)] });
  });

  it('that swapped its amount with another, the first one first', async () => {
    const amount = (of: number, to: number) =>
      `UPDATE postings SET amount_minor = sign(amount_minor) * ${to * 100} WHERE entry_id = '${nth(of)}'`;
    await tamper(amount(2, 4), amount(4, 2));
    expect(await breaches()).toEqual({ [AS_SEALED]: [altered(2), altered(4)] });
  });

  it('whichever column was altered, of those that exist today and any that is added', async () => {
    await tamper();
    const { rows: columns } = await owner.query<{ table: string; column: string; type: string }>(
      `SELECT table_name AS "table", column_name AS "column", data_type AS type FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name IN ('journal_entries', 'postings')
         -- Follows from the entries: what is sealed names whoever alters it, in a check of its own.
         AND column_name <> 'payable_since'`,
    );
    expect(columns.length).toBeGreaterThanOrEqual(20);
    for (const { table, column, type } of columns) {
      const key = table === 'postings' ? `account = 'payable' AND entry_id` : 'id';
      const other = OTHERS[type]?.(column) ?? '';
      await owner.query(`CREATE TEMP TABLE before AS SELECT * FROM ${table}`);
      await owner.query(`UPDATE ${table} SET ${column} = ${other} WHERE ${key} = '${nth(6)}'`);
      const found = (await breaches())[AS_SEALED] ?? [];
      expect([`${table}.${column}`, found.filter((breach) => breach.includes(nth(6)))]).toEqual([
        `${table}.${column}`,
        [expect.stringContaining('seal no. 6')],
      ]);
      await owner.query(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM before; DROP TABLE before`);
      expect(await breaches()).toEqual({});
    }
  });

  it('whose posting says that it may be paid earlier, or that it is no item of a payout', async () => {
    for (const other of [`payable_since - interval '1 millisecond'`, 'NULL']) {
      await tamper(`UPDATE postings SET payable_since = ${other} WHERE entry_id = '${nth(3)}' AND account = 'payable'`);
      const found = await breaches();
      expect(Object.keys(found)).toEqual(['payable postings say since when']);
      expect(Object.values(found)).toEqual([[expect.stringContaining(`posting 6 of ${affiliateId} in usd`)]]);
    }
  });

  it('whose posting was removed, or that got one more', async () => {
    await tamper(
      `DELETE FROM postings WHERE entry_id = '${nth(1)}'`,
      `INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor)
       VALUES ('${affiliateId}', 'usd', 901, '${nth(4)}', 'held', 1), ('${affiliateId}', 'usd', 902, '${nth(4)}', 'payable', -1)`,
    );
    expect((await breaches())[AS_SEALED]).toEqual([altered(1), altered(4)]);
  });

  it('that was removed with its postings', async () => {
    await tamper(...removal(2));
    expect((await breaches())[AS_SEALED]).toEqual([`entry ${nth(2)} was removed (seal no. 2)`]);
  });

  it('that was removed with its postings and its seal', async () => {
    await tamper(...removal(2), `DELETE FROM journal_seals WHERE number = 2`);
    expect((await breaches())[AS_SEALED]).toEqual([`seals no. 2 to 2 are missing, before that of entry ${nth(3)}`]);
    await tamper(`UPDATE journal_seals SET number = number - 1 WHERE number > 2`);
    expect((await breaches())[AS_SEALED]).toEqual([`entry ${nth(3)} was altered, or the seal before it (seal no. 2)`]);
  });

  it('that lost its seal, the last one too', async () => {
    await tamper('DELETE FROM journal_seals WHERE number = 6');
    expect(await breaches()).toEqual({
      [SEALED_OR_WAITING]: [`entry ${nth(6)} lost its seal, or came in past the ledger`],
    });
    await sealAll();
    expect((await verify()).head?.number).toBe(5n);
  });

  it('that was removed before it was sealed', async () => {
    ids.push(await post(earning('young', 5n)));
    await tamper(...removal(7));
    await sealAll();
    expect((await breaches())[SEALED_OR_WAITING]).toEqual([`entry ${nth(7)} was removed before it was sealed`]);
  });

  it('that came in past the ledger', async () => {
    await tamper(
      `INSERT INTO journal_entries SELECT 'jrn_forged', kind, 'forged', content_hash, affiliate_id, currency, occurred_at,
         recorded_at, commission_id, payout_id, stripe_event_id, staff_user_id, reason, facts
       FROM journal_entries WHERE id = '${nth(1)}'`,
      `INSERT INTO postings VALUES ('${affiliateId}', 'usd', 13, 'jrn_forged', 'commission_expense', -5, NULL),
         ('${affiliateId}', 'usd', 14, 'jrn_forged', 'payable', 5,
          (SELECT occurred_at FROM journal_entries WHERE id = 'jrn_forged'))`,
      `UPDATE balances SET payable_minor = payable_minor + 5, lifetime_earned_minor = lifetime_earned_minor + 5, last_seq = 14`,
    );
    expect(await breaches()).toEqual({
      [SEALED_OR_WAITING]: ['entry jrn_forged lost its seal, or came in past the ledger'],
    });
  });

  it('after the one whose own seal was forged to fit', async () => {
    await tamper(
      `UPDATE journal_entries SET reason = 'another reason' WHERE id = '${nth(6)}'`,
      `UPDATE journal_entries SET facts = '{}' WHERE id = '${nth(2)}'`,
      `UPDATE journal_seals SET hash = sha256(hash) WHERE number = 2`,
    );
    expect((await breaches())[AS_SEALED]).toEqual([altered(2), altered(3), altered(6)]);
  });
});

describe('verification names the audit record', () => {
  let id: string;
  let entries: string[];

  /** Seal no. 3 of 4, between entries. */
  beforeEach(async () => {
    entries = await postSome(2);
    id = await writeDown(act('aff_x'));
    entries.push(await post(earning('after', 5n)));
    await sealAll();
    expect(await sealedIds()).toEqual([entries[0], entries[1], id, entries[2]]);
    expect(await breaches()).toEqual({});
  });

  it('whichever column was altered, of those that exist today and any that is added', async () => {
    await tamper('CREATE TABLE before AS SELECT * FROM audit_log');
    const { rows: columns } = await owner.query<{ column: string; type: string }>(
      `SELECT column_name AS "column", data_type AS type FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name = 'audit_log'`,
    );
    expect(columns.length).toBeGreaterThanOrEqual(9);
    for (const { column, type } of columns) {
      await owner.query(`UPDATE audit_log SET ${column} = ${OTHERS[type]?.(column) ?? ''}`);
      const what = column === 'id' ? 'was removed' : 'was altered, or the seal before it';
      expect([column, (await breaches())[AS_SEALED]]).toEqual([column, [`audit record ${id} ${what} (seal no. 3)`]]);
      await owner.query('DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM before');
      expect(await breaches()).toEqual({});
    }
  });

  it('that was removed, with its seal or without', async () => {
    await tamper('DELETE FROM audit_log');
    expect((await breaches())[AS_SEALED]).toEqual([`audit record ${id} was removed (seal no. 3)`]);
    await tamper('DELETE FROM journal_seals WHERE number = 3');
    expect((await breaches())[AS_SEALED]).toEqual([`seals no. 3 to 3 are missing, before that of entry ${entries[2]}`]);
    await tamper('UPDATE journal_seals SET number = 3 WHERE number = 4');
    expect((await breaches())[AS_SEALED]).toEqual([
      `entry ${entries[2]} was altered, or the seal before it (seal no. 3)`,
    ]);
  });

  it('that was removed before it was sealed, lost its seal, or came in past the log', async () => {
    const young = await writeDown(act('aff_y'));
    await tamper(`DELETE FROM audit_log WHERE id = '${young}'`);
    await sealAll();
    expect(await breaches()).toEqual({
      [SEALED_OR_WAITING]: [`audit record ${young} was removed before it was sealed`],
    });
    await tamper(
      'DELETE FROM journal_unsealed',
      `INSERT INTO audit_log (id, actor_id, action, subject_type, subject_id, reason, recorded_at)
       VALUES ('aud_forged', 'stf_x', 'review_case.approved', 'review_case', 'case_x', 'It is fine.', now())`,
    );
    const past = 'lost its seal, or came in past the ledger';
    expect(await breaches()).toEqual({ [SEALED_OR_WAITING]: [`audit record aud_forged ${past}`] });
    await tamper(`DELETE FROM audit_log WHERE id = 'aud_forged'`, 'DELETE FROM journal_seals WHERE number > 2');
    expect((await breaches())[SEALED_OR_WAITING]).toContain(`audit record ${id} ${past}`);
  });

  it('of whose seal somebody made that of an entry, and the other way round', async () => {
    await tamper(
      `UPDATE journal_seals SET entry_id = 'x' WHERE number = 3`,
      `UPDATE journal_seals SET entry_id = '${id}' WHERE number = 4`,
      `UPDATE journal_seals SET entry_id = '${entries[2]}' WHERE number = 3`,
    );
    expect((await breaches())[AS_SEALED]).toEqual([
      `entry ${entries[2]} was altered, or the seal before it (seal no. 3)`,
      `audit record ${id} was altered, or the seal before it (seal no. 4)`,
    ]);
  });
});

describe('a head that was noted elsewhere', () => {
  beforeEach(async () => {
    await postSome(3);
    await sealAll();
  });
  const noteHead = async (): Promise<ChainHead> => {
    const { head } = await verify();
    if (!head) throw new Error('nothing is sealed');
    return head;
  };

  it('is found again however much was posted since', async () => {
    const noted = await noteHead();
    await postSome(3, 'more');
    await sealAll();
    expect(await breaches(noted)).toEqual({});
    expect((await verify(noted)).invariants[0]).toMatchObject({ name: 'the chain has the noted seal', checked: 1n });
  });

  it('betrays a tail that was cut off with its balances, which nothing inside the database can tell', async () => {
    const noted = await noteHead();
    await tamper(
      'DELETE FROM postings WHERE seq > 4',
      `DELETE FROM journal_entries WHERE unique_key = 'e3'`,
      'DELETE FROM journal_seals WHERE number = 3',
      'UPDATE balances SET payable_minor = 300, lifetime_earned_minor = 300, last_seq = 4',
    );
    expect(await breaches()).toEqual({});
    expect(await breaches(noted)).toEqual({
      'the chain has the noted seal': [
        `seal ${formatHead(noted)} is not in it any more: what came up to it was rewritten or cut off`,
      ],
    });
  });

  it('betrays a chain that was rewritten from the altered entry on', async () => {
    const noted = await noteHead();
    await tamper(
      `UPDATE postings SET amount_minor = amount_minor * 10`,
      `UPDATE balances SET payable_minor = payable_minor * 10, lifetime_earned_minor = lifetime_earned_minor * 10`,
      'DELETE FROM journal_seals',
      'INSERT INTO journal_unsealed SELECT id FROM journal_entries',
    );
    await sealAll();
    expect(await breaches()).toEqual({});
    expect(Object.keys(await breaches(noted))).toEqual(['the chain has the noted seal']);
  });
});

describe('npm run ledger:verify', () => {
  it('prints the head, takes one back, and names the first entry that is not as it was', async () => {
    const [first] = await postSome(2);
    await sealAll();
    const { head } = await verify();
    const noted = head ? formatHead(head) : '';
    const env = processEnv({ url: api.database.url, ownerUrl: api.ownerUrl }, api.stripe);
    const run = (...args: string[]) => runCommandProcess('ledger-verify', args, env);

    const sound = await run('--head', noted);
    expect(sound).toMatchObject({ exitCode: 0 });
    expect(sound.output).toContain(`Head: ${noted}. Entries not sealed yet: 0.`);

    expect(await run('--head', `2:${'0'.repeat(64)}`)).toMatchObject({ exitCode: 1 });
    expect(await run('--head', 'two')).toMatchObject({ exitCode: 2, output: expect.stringContaining('Usage:') });

    await tamper('UPDATE postings SET amount_minor = amount_minor * 2');
    const broken = await run();
    expect(broken.exitCode).toBe(1);
    expect(broken.output).toMatch(new RegExp(`^BREACH: ${AS_SEALED}: entry ${first} was altered`, 'm'));
  });
});

describe('entries that are not sealed yet', () => {
  it('are counted, are no breach, and are overdue after an hour', async () => {
    await postSome(2);
    expect(await verify()).toMatchObject({ ok: true, head: null, unsealed: 2n, overdue: 0n });
    api.clock.advance(HOUR_MS + 1);
    await postSome(1, 'young');
    await writeDown(act('aff_x'));
    expect(await verify()).toMatchObject({ ok: true, unsealed: 4n, overdue: 2n });
    api.clock.advance(HOUR_MS + 1);
    expect(await verify()).toMatchObject({ ok: true, unsealed: 4n, overdue: 4n });
    await expectSoundLedger(api);
  });
});
