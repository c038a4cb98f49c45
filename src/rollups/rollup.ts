import { Prisma } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';
import { liftTimeLimit } from '../database/time-limit.js';

/**
 * Sums that are kept beside what they sum up, and how to count them anew. Both are written in one transaction always, where
 * clicks first note what they will add to their days; and they are compared in one statement, hence in one state of the
 * database: so they are equal whatever is written meanwhile, or something is wrong.
 */
export interface Rollup {
  /** For the operator: the table, and which of its figures where there are several. */
  name: string;
  table: string;
  /** The columns that name a row. */
  keys: readonly string[];
  /** The columns that are sums. */
  figures: readonly string[];
  /** What one statement compares, so that its work is bounded. */
  by: 'affiliates' | 'month' | 'whole';
  /** Keys and figures as they are kept. */
  kept(slice: Slice): Prisma.Sql;
  /** Keys and figures as they are counted anew. What is left out is zero. */
  counted(slice: Slice): Prisma.Sql;
}

/** A part of a roll-up; which of the fields bound it is said by `Rollup.by`. */
export interface Slice {
  /** Ids above the first and up to the last. */
  affiliates: { after: string; last: string };
  /** Of roll-ups of clicks: days of one month at most where the roll-up goes by months; the last one is not in it. */
  days: { start: Date; end: Date };
}

/** A row that is not what it should be. */
export interface Difference {
  rollup: string;
  /** The row, such as `aff_…, 2026-11-28`. */
  key: string;
  figures: { name: string; kept: bigint; counted: bigint }[];
}

/** How many of the rows that differ one statement tells of, so that memory stays flat however many do. */
const SHOWN = 20;

interface WrongRow extends Record<string, bigint | string> {
  wrong_key: string;
  wrong_count: bigint;
}

export interface Comparison {
  /** How many rows differ, of which the first are shown. */
  count: bigint;
  shown: Difference[];
}

export async function findDifferences(tx: SqlTx, rollup: Rollup, slice: Slice): Promise<Comparison> {
  return compare(tx, rollup, slice, Prisma.empty);
}

/**
 * Gives each row that differs what it lacks, and tells what was wrong. What is written is the difference: others add to
 * the same rows meanwhile, and neither is lost. Two who mend at once would add it twice, so the second waits for the
 * first one's transaction, and then finds nothing. Locks the rows in key order.
 */
export async function mendDifferences(tx: SqlTx, rollup: Rollup, slice: Slice): Promise<Comparison> {
  const { table, figures } = rollup;
  const keys = rollup.keys.join(', ');
  const lacking = figures.map((name) => `counted_${name} - kept_${name}`).join(', ');
  const added = figures.map((name) => `${name} = ${table}.${name} + EXCLUDED.${name}`).join(', ');
  const mending = `
    , mended AS (
      INSERT INTO ${table} (${keys}, ${figures.join(', ')})
      SELECT ${keys}, ${lacking} FROM wrong ORDER BY ${keys}
      ON CONFLICT (${keys}) DO UPDATE SET ${added}
    )`;
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('mend-rollup', 0))`;
  return compare(tx, rollup, slice, Prisma.raw(mending));
}

async function compare(tx: SqlTx, rollup: Rollup, slice: Slice, mending: Prisma.Sql): Promise<Comparison> {
  await liftTimeLimit(tx);
  const keys = Prisma.raw(rollup.keys.join(', '));
  const figures = rollup.figures.map(
    (name) => `coalesce(k.${name}, 0)::bigint AS kept_${name}, coalesce(c.${name}, 0)::bigint AS counted_${name}`,
  );
  const differs = rollup.figures.map((name) => `coalesce(k.${name}, 0) <> coalesce(c.${name}, 0)`);
  const rows = await tx.$queryRaw<WrongRow[]>(Prisma.sql`
    WITH wrong AS MATERIALIZED (
      SELECT ${keys}, ${Prisma.raw(figures.join(', '))}
      FROM (${rollup.kept(slice)}) k FULL JOIN (${rollup.counted(slice)}) c USING (${keys})
      WHERE ${Prisma.raw(differs.join(' OR '))}
    ) ${mending}
    SELECT *, concat_ws(', ', ${keys}) AS wrong_key, (SELECT count(*) FROM wrong) AS wrong_count
    FROM wrong ORDER BY ${keys} LIMIT ${SHOWN}`);
  return { count: rows[0]?.wrong_count ?? 0n, shown: rows.map((row) => toDifference(rollup, row)) };
}

function toDifference({ name: rollup, figures }: Rollup, row: WrongRow): Difference {
  return {
    rollup,
    key: row.wrong_key,
    figures: figures.map((name) => ({
      name,
      kept: BigInt(row[`kept_${name}`] ?? 0),
      counted: BigInt(row[`counted_${name}`] ?? 0),
    })),
  };
}

/** `click_days of aff_…, 2026-11-28: clicks 5, counted 7`, of the figures that differ. */
export function describeDifference({ rollup, key, figures }: Difference): string {
  const wrong = figures.filter(({ kept, counted }) => kept !== counted);
  return `${rollup} of ${key}: ${wrong.map(({ name, kept, counted }) => `${name} ${kept}, counted ${counted}`).join('; ')}`;
}
