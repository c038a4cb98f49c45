import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Payout } from '@prisma/client';
import pg from 'pg';
import { CUT_OFF, seedLedger } from '../../../bench/harness/seed-ledger.js';
import { Ledger } from '../../../src/commissions/ledger/ledger.js';
import { applyMigrations } from '../../../src/database/migrations.js';
import { findProjectRoot } from '../../../src/database/project-root.js';
import { PayoutReservation } from '../../../src/payouts/runs/payout-reservation.js';
import { PayoutOutcomes } from '../../../src/payouts/sending/payout-outcomes.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { createEmptyDatabase } from '../../setup/database.js';
import { expectSoundLedger } from '../../setup/ledger.js';

const DAY_MS = 24 * 60 * 60 * 1000;

interface Line {
  payoutId: string;
  firstSeq: bigint;
  lastSeq: bigint;
  itemCount: number;
  amountMinor: bigint;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('the lines of payouts', () => {
  let api: TestApp;
  let affiliateId: string;

  beforeEach(async () => {
    api = await startTestApp({ now: CUT_OFF.toISOString(), background: false });
    await withClient(api.ownerUrl, (owner) =>
      seedLedger(owner, { affiliates: 1, commissionsPerMonth: 3, paidMonths: 1, lastMonth: 'payable' }),
    );
    ({ id: affiliateId } = await api.database.prisma.affiliate.findFirstOrThrow());
  });
  afterEach(async () => api.close());

  /** An item of the balance, as the test remembers it. */
  interface Item {
    seq: bigint;
    amountMinor: bigint;
    since: Date;
    payoutId: string | null;
  }

  const loadItems = async (): Promise<Item[]> => {
    const postings = await api.database.prisma.posting.findMany({
      where: { account: 'payable', payableSince: { not: null } },
      orderBy: { seq: 'asc' },
    });
    return postings.map(({ seq, amountMinor, payableSince }) => ({
      seq,
      amountMinor,
      since: payableSince!,
      payoutId: null,
    }));
  };
  const liveLines = (): Promise<Line[]> =>
    api.database.prisma.payoutLine.findMany({
      where: { releasedAt: null },
      select: { payoutId: true, firstSeq: true, lastSeq: true, itemCount: true, amountMinor: true },
      orderBy: { firstSeq: 'asc' },
    });

  /** The lines that these items must have: one for each stretch of items in one payout. */
  function stretches(items: Item[]): Line[] {
    const lines: Line[] = [];
    let before: string | null = null;
    for (const { seq, amountMinor, payoutId } of items) {
      const line = payoutId === before ? lines.at(-1) : undefined;
      if (payoutId !== null && line) {
        line.lastSeq = seq;
        line.itemCount += 1;
        line.amountMinor += amountMinor;
      } else if (payoutId !== null) {
        lines.push({ payoutId, firstSeq: seq, lastSeq: seq, itemCount: 1, amountMinor });
      }
      before = payoutId;
    }
    return lines;
  }

  /** Adds to what the affiliate may be paid, or takes from it. */
  async function adjust(n: number, amountMinor: bigint, occurredAt: Date): Promise<void> {
    const gives = amountMinor > 0n;
    await api.database.transaction((tx) =>
      api.app.get(Ledger).post(tx, [
        {
          kind: 'adjustment',
          uniqueKey: `adjustment:${n}`,
          facts: { n },
          affiliateId,
          currency: 'usd',
          from: gives ? 'commission_expense' : 'payable',
          to: gives ? 'payable' : 'commission_expense',
          amountMinor: gives ? amountMinor : -amountMinor,
          occurredAt,
          staffUserId: 'stf_1',
          reason: 'Agreed by phone.',
        },
      ]),
    );
  }

  async function reserve(n: number, cutOff: Date): Promise<Payout | null> {
    const period = `${2030 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, '0')}`;
    const run = await api.database.prisma.payoutRun.create({
      data: { id: `run_${n}`, period, cutOff, status: 'reserving', startedAt: CUT_OFF },
    });
    await api.app.get(PayoutReservation).reserveAll(run);
    return api.database.prisma.payout.findFirst({ where: { runId: run.id } });
  }

  it.each([1, 2, 3])(
    'cover exactly what their payout took, however items are taken, left and given back (%i)',
    async (seed) => {
      let state = seed * 7919;
      const random = (below: number): number => {
        state = (state * 48_271) % 2_147_483_647;
        return state % below;
      };
      const dayOf = (days: number): Date => new Date(CUT_OFF.getTime() + days * DAY_MS);
      const paidBefore = await liveLines();
      const fates = new Map<bigint, string | null>();
      for (const { seq } of await loadItems()) {
        const line = paidBefore.find(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq);
        fates.set(seq, line?.payoutId ?? null);
      }
      const current = async (): Promise<Item[]> =>
        (await loadItems()).map((item) => ({ ...item, payoutId: fates.get(item.seq) ?? null }));
      let splits = 0;

      for (let n = 0; n < 12; n++) {
        for (let i = random(5); i >= 0; i--) {
          const amountMinor = BigInt(random(4) === 0 ? -1 - random(900) : 2000 + random(3000));
          await adjust(n * 10 + i, amountMinor, dayOf(random(12) - 6));
        }
        const cutOff = dayOf(random(8) - 4);
        const payout = await reserve(n, cutOff);
        if (payout) {
          for (const { seq, amountMinor, since, payoutId } of await current()) {
            if (payoutId === null && (amountMinor < 0n || since <= cutOff)) fates.set(seq, payout.id);
          }
        }
        const lines = stretches(await current());
        expect(await liveLines()).toEqual(lines);
        splits += lines.filter(({ payoutId }) => payoutId === payout?.id).length > 1 ? 1 : 0;
        await expectSoundLedger(api);
        if (payout === null) continue;
        if (random(3) === 0) {
          await api.app.get(PayoutOutcomes).failed(payout, 'account_closed', 'No such account.');
          for (const [seq, payoutId] of fates) if (payoutId === payout.id) fates.set(seq, null);
          expect(await liveLines()).toEqual(stretches(await current()));
        } else {
          await api.app.get(PayoutOutcomes).paid(payout, `tr_test_${n}`);
        }
        await expectSoundLedger(api);
      }
      expect(splits).toBeGreaterThan(0);
    },
  );
});

describe('the migration to lines that cover ranges', () => {
  const MIGRATIONS = join(findProjectRoot(), 'prisma', 'migrations');
  const NAME = '_payout_lines_cover_ranges';
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let folder: string;

  beforeEach(async () => {
    database = await createEmptyDatabase();
    folder = mkdtempSync(join(tmpdir(), 'fairshare-migrations-'));
    const all = readdirSync(MIGRATIONS).sort();
    const before = all.slice(
      0,
      all.findIndex((name) => name.endsWith(NAME)),
    );
    for (const name of [...before, 'migration_lock.toml'])
      cpSync(join(MIGRATIONS, name), join(folder, name), { recursive: true });
    await applyMigrations({ url: database.ownerUrl, migrationsDir: folder });
    await withClient(database.ownerUrl, (client) => client.query(LEDGER_BEFORE));
  });
  afterEach(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Items at 2, 4, 6, 8, 12 and 14; what a payout reserved at 9, which is none. */
  const LEDGER_BEFORE = `
    INSERT INTO affiliates (id, user_id, name, country, status, plan_id, created_at) VALUES ('aff_1', 'u', 'A', 'US', 'active', 'pln_default', now());
    INSERT INTO journal_entries (id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, recorded_at)
      SELECT 'jrn_' || n, CASE n WHEN 5 THEN 'payout_reserved' ELSE 'commission_earned' END, 'key_' || n, '', '{}', 'aff_1', 'usd', now(), now()
      FROM generate_series(1, 7) n;
    INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor, payable_since)
      SELECT 'aff_1', 'usd', 2 * n - side, 'jrn_' || n,
             CASE WHEN n = 5 THEN CASE side WHEN 1 THEN 'payable' ELSE 'in_payout' END ELSE CASE side WHEN 1 THEN 'commission_expense' ELSE 'payable' END END,
             CASE side WHEN 1 THEN -100 * n ELSE 100 * n END, CASE WHEN n <> 5 AND side = 0 THEN now() END
      FROM generate_series(1, 7) n, generate_series(0, 1) side;
    INSERT INTO payout_lines (payout_id, affiliate_id, currency, seq, amount_minor, released_at) VALUES
      ('po_1', 'aff_1', 'usd', 2, 100, '2026-11-01T00:00:00Z'), ('po_1', 'aff_1', 'usd', 4, 200, '2026-11-01T00:00:00Z'),
      ('po_1', 'aff_1', 'usd', 6, 300, '2026-11-01T00:00:00Z'),
      ('po_2', 'aff_1', 'usd', 2, 100, NULL), ('po_2', 'aff_1', 'usd', 4, 200, NULL), ('po_2', 'aff_1', 'usd', 8, 400, NULL),
      ('po_2', 'aff_1', 'usd', 12, 600, NULL), ('po_3', 'aff_1', 'usd', 6, 300, NULL), ('po_3', 'aff_1', 'usd', 14, 700, NULL);`;

  it('makes one line of what a payout took without a gap, and keeps what was released', async () => {
    await applyMigrations({ url: database.ownerUrl });
    const { rows } = await withClient(database.ownerUrl, (client) =>
      client.query(
        `SELECT payout_id, first_seq::int, last_seq::int, item_count, amount_minor::int, released_at IS NOT NULL AS released
         FROM payout_lines ORDER BY payout_id, first_seq`,
      ),
    );
    expect(rows.map((row: Record<string, unknown>) => Object.values(row))).toEqual([
      ['po_1', 2, 6, 3, 600, true],
      ['po_2', 2, 4, 2, 300, false],
      ['po_2', 8, 12, 2, 1000, false],
      ['po_3', 6, 6, 1, 300, false],
      ['po_3', 14, 14, 1, 700, false],
    ]);
  });

  it('refuses to drop a line whose posting is no item, and changes nothing', async () => {
    await withClient(database.ownerUrl, async (client) => {
      await client.query(
        `INSERT INTO payout_lines (payout_id, affiliate_id, currency, seq, amount_minor) VALUES ('po_4', 'aff_1', 'usd', 9, -500)`,
      );
      await expect(applyMigrations({ url: database.ownerUrl })).rejects.toThrow('name postings that are not payable');
      const { rows } = await client.query<{ n: number }>('SELECT count(seq)::int AS n FROM payout_lines');
      expect(rows).toEqual([{ n: 10 }]);
    });
  });
});
