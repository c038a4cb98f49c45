import type { Tx } from '../../database/database.js';

/** How a click came in: through `/r/CODE`, from the host's server, or from the snippet on a page. */
export type ClickSource = 'redirect' | 'host' | 'snippet';

export interface NewClick {
  id: string;
  affiliateId: string;
  code: string;
  source: ClickSource;
  url: string | null;
  referrer: string | null;
  userAgent: string | null;
  subId: string | null;
  /** Hexadecimal, as is the next. */
  ipHash: string | null;
  /** Two clicks of an affiliate on a UTC day with the same hash count as one unique click. */
  visitorHash: string;
  occurredAt: Date;
  /** Set by who writes it, once that is decided: not stored when the affiliate is not active. */
  isStored: boolean;
}

/** Runs one statement and returns its rows: on a connection of its own, or inside somebody's transaction. */
export type StatementRunner = (statement: {
  name: string;
  text: string;
  values: unknown[];
}) => Promise<{ affiliateId: string }[]>;

/**
 * The clicks, and what is to be counted of them (countClicks), in one statement and so in one commit. Clicks of affiliates who
 * are not active are left out: what is remembered of a code may be a moment old, this is not.
 *
 * Two writers cannot deadlock: each takes its sub-ids in key order, and no other row that anybody else takes. Who is not
 * active is asked of an index that holds nobody else; no affiliate is ever deleted.
 */
const INSERT_CLICKS = `
WITH "inactive" AS (
  SELECT "id" FROM "affiliates" WHERE "id" = ANY ($2::text[]) AND "status" <> 'active'
), "incoming" AS (
  SELECT "id", "affiliate_id", "code", "source", "url", "referrer", "user_agent", "sub_id",
         decode("ip_hash", 'hex') AS "ip_hash", decode("visitor_hash", 'hex') AS "visitor_hash",
         to_timestamp("seconds") AS "occurred_at"
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::float8[])
    AS "given"("id", "affiliate_id", "code", "source", "url", "referrer", "user_agent", "sub_id",
               "ip_hash", "visitor_hash", "seconds")
  WHERE "affiliate_id" NOT IN (SELECT "inactive"."id" FROM "inactive")
), "stored" AS (
  INSERT INTO "clicks" ("id", "affiliate_id", "code", "source", "url", "referrer", "user_agent", "sub_id", "ip_hash", "occurred_at")
  SELECT "id", "affiliate_id", "code", "source", "url", "referrer", "user_agent", "sub_id", "ip_hash", "occurred_at"
  FROM "incoming"
), "to_count" AS (
  INSERT INTO "uncounted_clicks" ("affiliate_ids", "days", "visitor_hashes")
  SELECT array_agg("affiliate_id"), array_agg(("occurred_at" AT TIME ZONE 'UTC')::date), array_agg("visitor_hash")
  FROM "incoming" HAVING count(*) > 0
), "noted" AS (
  INSERT INTO "click_sub_ids" ("affiliate_id", "sub_id", "clicks")
  SELECT "affiliate_id", "sub_id", count(*) FROM "incoming" WHERE "sub_id" IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT ("affiliate_id", "sub_id") DO UPDATE SET "clicks" = "click_sub_ids"."clicks" + EXCLUDED."clicks"
)
SELECT "id" AS "affiliateId" FROM "inactive"`;

/**
 * Stores clicks, which count from then on (`click_days_now`), all or none of those whose affiliates are active. Their months' partitions must exist
 * (ClickPartitions).
 * @returns the affiliates who are not active, whose clicks were left out.
 * @throws the database's error; an id that is stored already is one.
 */
export async function insertClicks(
  run: StatementRunner,
  clicks: readonly Omit<NewClick, 'isStored'>[],
): Promise<Set<string>> {
  const inactive = await run({
    name: 'insert_clicks',
    text: INSERT_CLICKS,
    values: [
      plainArray(clicks.map((click) => click.id)),
      plainArray(clicks.map((click) => click.affiliateId)),
      plainArray(clicks.map((click) => click.code)),
      plainArray(clicks.map((click) => click.source)),
      textArray(clicks.map((click) => click.url)),
      textArray(clicks.map((click) => click.referrer)),
      textArray(clicks.map((click) => click.userAgent)),
      textArray(clicks.map((click) => click.subId)),
      textArray(clicks.map((click) => click.ipHash)),
      plainArray(clicks.map((click) => click.visitorHash)),
      plainArray(clicks.map((click) => click.occurredAt.getTime() / 1000)),
    ],
  });
  return new Set(inactive.map(({ affiliateId }) => affiliateId));
}

export function inTransaction(tx: Tx): StatementRunner {
  return ({ text, values }) => tx.$queryRawUnsafe(text, ...values);
}

const SPECIAL_CHARACTERS = /["\\]/g;

/**
 * A column as PostgreSQL writes an array. The driver's own conversion would be the greatest part of a click's cost: it
 * handles every type, and replaces in each text whether there is anything to replace or not.
 */
function textArray(column: readonly (string | null)[]): string {
  return `{${column.map(quoted).join(',')}}`;
}

function quoted(text: string | null): string {
  if (text === null) return 'NULL';
  const isSpecial = text.includes('"') || text.includes('\\');
  return isSpecial ? `"${text.replace(SPECIAL_CHARACTERS, '\\$&')}"` : `"${text}"`;
}

/** The same of what can have no special character: ids, codes, hashes, and numbers. */
function plainArray(column: readonly (string | number)[]): string {
  return column.length === 0 ? '{}' : `{"${column.join('","')}"}`;
}
