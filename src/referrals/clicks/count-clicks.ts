import { Prisma } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';

/** So many groups are counted by one statement: many, since a day is then written once for all its clicks among them. */
const GROUPS_MAX = 1_000;

/**
 * The oldest groups' visitors and days. A second statement waits for the first one's transaction, and then finds the rows
 * gone. Two cannot deadlock: each takes the groups in their order, then its visitors in key order (all of them, since
 * the sort below reads them to the end), then its days in key order.
 *
 * No join between visitors and days: a plan made for few rows would loop over many.
 */
const COUNT_CLICKS = Prisma.sql`
WITH "taken" AS (
  DELETE FROM "uncounted_clicks" WHERE "id" = ANY (ARRAY(
    SELECT "id" FROM "uncounted_clicks" ORDER BY "id" LIMIT ${Prisma.raw(String(GROUPS_MAX))} FOR UPDATE
  ))
  RETURNING "affiliate_ids", "days", "visitor_hashes"
), "incoming" AS MATERIALIZED (
  SELECT c."affiliate_id", c."day", c."visitor_hash"
  FROM "taken", unnest("affiliate_ids", "days", "visitor_hashes") AS c("affiliate_id", "day", "visitor_hash")
), "new_visitors" AS (
  INSERT INTO "click_visitors" ("affiliate_id", "day", "visitor_hash")
  SELECT DISTINCT "affiliate_id", "day", "visitor_hash" FROM "incoming" ORDER BY 1, 2, 3
  ON CONFLICT DO NOTHING
  RETURNING "affiliate_id", "day"
), "counted" AS (
  INSERT INTO "click_days" ("affiliate_id", "day", "clicks", "unique_clicks")
  SELECT "affiliate_id", "day", sum("clicks"), sum("uniques")
  FROM (
    SELECT "affiliate_id", "day", 1 AS "clicks", 0 AS "uniques" FROM "incoming"
    UNION ALL
    SELECT "affiliate_id", "day", 0, 1 FROM "new_visitors"
  ) AS "each"
  GROUP BY 1, 2
  ORDER BY 1, 2
  ON CONFLICT ("affiliate_id", "day") DO UPDATE SET
    "clicks" = "click_days"."clicks" + EXCLUDED."clicks",
    "unique_clicks" = "click_days"."unique_clicks" + EXCLUDED."unique_clicks"
)
SELECT count(*)::int AS "groups" FROM "taken"`;

/**
 * Counts what insertClicks has left to be counted: afterwards all clicks that were stored before the call are in
 * `click_days` and `click_visitors`. Each statement commits by itself, or as part of an open transaction, which then
 * keeps the rows of those days locked until it ends. Safe to call from many processes at once: no click counts twice.
 * @throws the database's error; what was not counted is then still to be counted.
 */
export async function countClicks(tx: SqlTx): Promise<void> {
  let groups: number;
  do {
    const [taken] = await tx.$queryRaw<{ groups: number }[]>(COUNT_CLICKS);
    groups = taken?.groups ?? 0;
  } while (groups === GROUPS_MAX);
}
