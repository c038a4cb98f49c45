import { Prisma } from '@prisma/client';
import fc from 'fast-check';
import { itemTotals } from '../../../src/payouts/eligibility/item-totals.js';
import { openItems } from '../../../src/payouts/eligibility/payout-items.js';
import { startTestApp, type TestApp } from '../../setup/app.js';

const CUT_OFF = new Date('2026-12-01T06:00:00Z');
const BALANCES = 2_000;
const SEED = 20261129;

/** What happened to a balance, one posting each; times are milliseconds from the cut-off. */
interface Happening {
  /** Which of its commissions it is of; null for what is of none. */
  commission: number | null;
  amount: number;
  sinceMs: number;
  /** The payout that has taken it, null for none. */
  payout: number | null;
  /** Postings before it that are no items: what lay in *held*, what payouts themselves moved. */
  others: number;
}

interface Life {
  happenings: Happening[];
  /** Payouts that failed, whose lines were released. */
  failed: number[];
  /** How far before the first item without a payout the balance's row points. */
  pointsBefore: number;
}

interface Item {
  seq: number;
  commission: number | null;
  amount: number;
  since: Date;
  /** The payout that stands and has taken it. */
  payout: number | null;
}

interface Totals {
  unlined: bigint;
  taken: bigint;
  takenCount: number;
  firstTakenSeq: bigint | null;
  lastTakenSeq: bigint | null;
  firstLeftSeq: bigint | null;
  isSplit: boolean;
}

const PAYOUTS = 3;
const happening: fc.Arbitrary<Happening> = fc.record({
  commission: fc.option(fc.nat(2), { freq: 4 }),
  amount: fc.oneof(fc.constantFrom(1, -1, 2499, 2500, -2500), fc.integer({ min: -5000, max: 9000 })).filter(Boolean),
  // At the cut-off to the millisecond, right beside it, and days away from it.
  sinceMs: fc.constantFrom(0, 0, -1, 1, 1, -86_400_000, 86_400_000),
  payout: fc.option(fc.nat(PAYOUTS - 1), { freq: 2 }),
  others: fc.nat(2),
});
/** Most balances are such as a run takes as a whole; the others have every reason not to be. */
const life: fc.Arbitrary<Life> = fc.record({
  happenings: fc.oneof(
    fc.array(happening, { maxLength: 9 }),
    fc.array(
      happening.map((one) => ({
        ...one,
        payout: null,
        sinceMs: one.amount < 0 ? one.sinceMs : Math.min(one.sinceMs, 0),
      })),
      { maxLength: 9 },
    ),
  ),
  failed: fc.subarray(Array.from({ length: PAYOUTS }, (_, n) => n)),
  pointsBefore: fc.nat(6),
});

function itemsOf({ happenings, failed }: Life): Item[] {
  let seq = 0;
  return happenings.map(({ commission, amount, sinceMs, payout, others }) => {
    seq += others + 1;
    const since = new Date(CUT_OFF.getTime() + sinceMs);
    return { seq, commission, amount, since, payout: payout !== null && failed.includes(payout) ? null : payout };
  });
}

/** Money.md, "Items", as it is written, for one item after the other. */
function isTaken(item: Item, all: Item[]): boolean {
  if (item.payout !== null) return false;
  if (item.amount < 0 || item.since <= CUT_OFF) return true;
  return (
    item.commission !== null && all.some(({ commission, payout }) => commission === item.commission && payout !== null)
  );
}

function firstUnlinedSeq(one: Life): number {
  const items = itemsOf(one);
  const first = items.find(({ payout }) => payout === null)?.seq ?? (items.at(-1)?.seq ?? 0) + 1;
  return Math.max(1, first - one.pointsBefore);
}

const sum = (items: Item[]): bigint => items.reduce((total, { amount }) => total + BigInt(amount), 0n);
const seqOf = (item: Item | undefined): bigint | null => (item === undefined ? null : BigInt(item.seq));

/** All but whether it is split, which may be said of what is not. */
function totalsOf(one: Life): Omit<Totals, 'isSplit'> {
  const items = itemsOf(one);
  const taken = items.filter((item) => isTaken(item, items));
  const unlined = items.filter(({ payout }) => payout === null);
  return {
    unlined: sum(unlined),
    taken: sum(taken),
    takenCount: taken.length,
    firstTakenSeq: seqOf(taken[0]),
    lastTakenSeq: seqOf(taken.at(-1)),
    firstLeftSeq: seqOf(unlined.find((item) => !isTaken(item, items))),
  };
}

describe('what a run takes of a balance', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp({ background: false });
  });
  afterAll(async () => api.close());

  /** Writes each life as a balance of its own, `aff_0` and so on. */
  async function write(lives: Life[]): Promise<void> {
    const rows = lives.flatMap((one, n) => itemsOf(one).map((item) => ({ ...item, affiliate: `aff_${n}`, n })));
    const entries = rows.map(({ affiliate, seq, commission, n }) => ({
      id: `jrn_${n}_${seq}`,
      affiliate,
      commission: commission === null ? null : `com_${n}_${commission}`,
    }));
    const postings = rows.flatMap(({ affiliate, seq, amount, since, n }) => [
      { affiliate, seq, entry: `jrn_${n}_${seq}`, account: 'payable', amount, since },
      { affiliate, seq: -seq, entry: `jrn_${n}_${seq}`, account: 'commission_expense', amount: -amount, since: null },
    ]);
    const lines = lives.flatMap(linesOf);
    await api.database.prisma.$executeRaw`
      INSERT INTO journal_entries (id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, recorded_at, commission_id)
      SELECT id, 'commission_released', id, '', '{}', affiliate, 'usd', ${CUT_OFF}, ${CUT_OFF}, commission
      FROM jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) AS e (id text, affiliate text, commission text)`;
    await api.database.prisma.$executeRaw`
      INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor, payable_since)
      SELECT affiliate, 'usd', seq, entry, account, amount, since
      FROM jsonb_to_recordset(${JSON.stringify(postings)}::jsonb)
        AS p (affiliate text, seq bigint, entry text, account text, amount bigint, since timestamptz)`;
    await api.database.prisma.$executeRaw`
      INSERT INTO payout_lines (payout_id, affiliate_id, currency, first_seq, last_seq, item_count, amount_minor, released_at)
      SELECT payout, affiliate, 'usd', first, last, count, amount, CASE WHEN released THEN ${CUT_OFF}::timestamptz END
      FROM jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
        AS l (payout text, affiliate text, first bigint, last bigint, count int, amount bigint, released boolean)`;
  }

  /** One line for each stretch of items that went into one payout, whatever became of it. */
  function linesOf(one: Life, n: number) {
    const stretches: { payout: number; items: Item[] }[] = [];
    itemsOf(one).forEach((item, index) => {
      const { payout } = one.happenings[index]!;
      const last = stretches.at(-1);
      if (payout === null) stretches.push({ payout: -1, items: [] });
      else if (last?.payout === payout) last.items.push(item);
      else stretches.push({ payout, items: [item] });
    });
    return stretches
      .filter(({ items }) => items.length > 0)
      .map(({ payout, items }) => ({
        payout: `po_${n}_${payout}`,
        affiliate: `aff_${n}`,
        first: items[0]!.seq,
        last: items.at(-1)!.seq,
        count: items.length,
        amount: Number(sum(items)),
        released: one.failed.includes(payout),
      }));
  }

  it(`is what each of its items says by itself, over ${BALANCES} balances`, async () => {
    const lives = fc.sample(life, { seed: SEED, numRuns: BALANCES });
    await write(lives);
    const balances = Prisma.sql`
      SELECT 'aff_' || (n - 1) AS affiliate_id, 'usd'::text AS currency, first AS first_unlined_seq, n
      FROM unnest(${lives.map(firstUnlinedSeq)}::bigint[]) WITH ORDINALITY AS b (first, n)`;
    const totals = await api.database.prisma.$queryRaw<Totals[]>`
      SELECT i.unlined, i.taken, i.taken_count AS "takenCount", i.first_taken_seq AS "firstTakenSeq",
             i.last_taken_seq AS "lastTakenSeq", i.first_left_seq AS "firstLeftSeq", i.is_split AS "isSplit"
      FROM (${balances}) u CROSS JOIN LATERAL (${itemTotals(Prisma.sql`u`, CUT_OFF)}) i ORDER BY u.n`;
    const taken = await api.database.prisma.$queryRaw<{ place: bigint; seqs: bigint[] }[]>`
      SELECT item.n AS place, array_agg(item.seq ORDER BY item.seq) AS seqs
      FROM (${openItems(balances, CUT_OFF)}) item WHERE item.is_taken GROUP BY 1`;
    const takenOf = new Map(taken.map(({ place, seqs }) => [Number(place) - 1, seqs.map(Number)]));

    expect(totals).toHaveLength(BALANCES);
    let whole = 0;
    let besideLines = 0;
    for (const [n, { isSplit, ...told }] of totals.entries()) {
      const one = lives[n]!;
      const items = itemsOf(one);
      expect([n, one, told]).toEqual([n, one, totalsOf(one)]);
      const expected = items.filter((item) => isTaken(item, items)).map(({ seq }) => seq);
      expect([n, takenOf.get(n) ?? []]).toEqual([n, expected]);
      // One line from the first to the last must hold nothing else.
      const between = items.filter(({ seq }) => seq >= (expected[0] ?? 0) && seq <= (expected.at(-1) ?? 0));
      if (!isSplit) expect([n, between.map(({ seq }) => seq)]).toEqual([n, expected]);
      if (!isSplit && expected.length > 0) whole += 1;
      if (expected.length > 0 && items.some(({ payout, seq }) => payout !== null && seq >= firstUnlinedSeq(one)))
        besideLines += 1;
      // What is taken never exceeds what is payable.
      if (told.taken > 0n) expect(told.taken <= told.unlined).toBe(true);
    }
    // Both ways of deciding are asked about often.
    expect(whole).toBeGreaterThan(BALANCES / 10);
    expect(whole).toBeLessThan((BALANCES * 9) / 10);
    expect(besideLines).toBeGreaterThan(BALANCES / 10);
  });
});
