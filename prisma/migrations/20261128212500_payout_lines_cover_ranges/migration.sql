-- A payout run wrote one line for each posting it pays, and these lines were half of its time. But a run takes nearly
-- always all of a balance's payable postings since the last one: a contiguous range of them. So a line names a range, by
-- its first and its last posting, and says how many items lie between them and what they sum to; where a run leaves
-- something out, or finds something that is in a payout already, the range is split around it. What else lies between the
-- two ends, being no item (the other sides of entries, what was reserved or returned), is not in the payout.

ALTER TABLE "payout_lines" RENAME TO "payout_lines_by_posting";
ALTER INDEX "payout_lines_one_live" RENAME TO "payout_lines_by_posting_one_live";

-- CreateTable
CREATE TABLE "payout_lines" (
    "payout_id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "first_seq" BIGINT NOT NULL,
    "last_seq" BIGINT NOT NULL,
    "item_count" INTEGER NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "released_at" TIMESTAMPTZ(3),

    CONSTRAINT "payout_lines_pkey" PRIMARY KEY ("payout_id","first_seq")
);

-- What one payout took of a balance's items without a gap becomes one line. Items are numbered twice: among all of the
-- balance, and among those that the payout took; where the difference stays the same, nothing was left out between.
INSERT INTO "payout_lines" ("payout_id", "affiliate_id", "currency", "first_seq", "last_seq", "item_count", "amount_minor", "released_at")
SELECT "payout_id", "affiliate_id", "currency", min("seq"), max("seq"), count(*), sum("amount_minor"), "released_at"
FROM (
  SELECT l.*, item."number" - row_number() OVER (PARTITION BY l."payout_id", l."released_at" ORDER BY l."seq") AS "island"
  FROM "payout_lines_by_posting" l
  JOIN (
    SELECT "affiliate_id", "currency", "seq", row_number() OVER (PARTITION BY "affiliate_id", "currency" ORDER BY "seq") AS "number"
    FROM "postings" WHERE "payable_since" IS NOT NULL
  ) item USING ("affiliate_id", "currency", "seq")
) l
GROUP BY "payout_id", "affiliate_id", "currency", "released_at", "island";

-- A line without its posting would be lost here, and with it the record of what was paid.
DO $$
DECLARE
  "before" record;
  "after" record;
BEGIN
  SELECT count(*) AS "items", coalesce(sum("amount_minor"), 0) AS "amount" INTO "before" FROM "payout_lines_by_posting";
  SELECT coalesce(sum("item_count"), 0) AS "items", coalesce(sum("amount_minor"), 0) AS "amount" INTO "after" FROM "payout_lines";
  IF ("before"."items", "before"."amount") <> ("after"."items", "after"."amount") THEN
    RAISE EXCEPTION 'payout lines name postings that are not payable: % lines of %, of which % of % have theirs; run ledger:verify with the version before',
      "before"."items", "before"."amount", "after"."items", "after"."amount";
  END IF;
END $$;

DROP TABLE "payout_lines_by_posting";

-- A payout's lines are found by its id again, which cost too much when there were millions.
ALTER TABLE "payouts" DROP COLUMN "first_seq", DROP COLUMN "last_seq";

ALTER TABLE "payout_lines"
  ADD CONSTRAINT "payout_lines_range" CHECK ("first_seq" <= "last_seq"),
  ADD CONSTRAINT "payout_lines_items" CHECK ("item_count" BETWEEN 1 AND "last_seq" - "first_seq" + 1);

-- The live line in which a posting stands: the first that ends at it or behind it, if it begins there or before. And what
-- was lined of a balance from its first unlined posting on.
CREATE UNIQUE INDEX "payout_lines_one_live" ON "payout_lines" ("affiliate_id", "currency", "last_seq") WHERE "released_at" IS NULL;

-- ---------------------------------------------------------------------------------------------------------------
-- The database itself forbids paying a posting twice: the live lines of a balance never overlap. The balance's row is
-- locked first, so that two writers of one balance queue; whoever waited looks in a statement of its own, and therefore
-- sees what the other one wrote. A transaction that sees one state from beginning to end would not, and is refused.
-- An exclusion constraint would say the same, at five times the price (docs/decisions/0019-lines-of-ranges.md).
-- ---------------------------------------------------------------------------------------------------------------
CREATE FUNCTION "refuse_overlapping_lines"() RETURNS trigger LANGUAGE plpgsql
-- Its plan is made once, perhaps while the table is empty: without this it might read all of it for each line later.
SET enable_seqscan = off AS $$
DECLARE "twice" record;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'payout lines are written in READ COMMITTED only, which sees what was waited for'
      USING ERRCODE = 'restrict_violation';
  END IF;
  PERFORM 1 FROM "balances" b
  JOIN (SELECT DISTINCT "affiliate_id", "currency" FROM "inserted") "named" USING ("affiliate_id", "currency")
  ORDER BY b."affiliate_id", b."currency" FOR NO KEY UPDATE OF b;
  SELECT line."affiliate_id", line."currency", line."first_seq", line."last_seq", line."payout_id", "other"."payout_id" AS "other_id"
    INTO "twice"
  FROM "inserted" line
  CROSS JOIN LATERAL (
    SELECT l."payout_id" FROM "payout_lines" l
    WHERE l."affiliate_id" = line."affiliate_id" AND l."currency" = line."currency" AND l."released_at" IS NULL
      AND l."last_seq" >= line."first_seq" AND l."first_seq" <= line."last_seq"
      AND (l."payout_id", l."first_seq") <> (line."payout_id", line."first_seq")
    LIMIT 1
  ) "other"
  WHERE line."released_at" IS NULL
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'postings % to % of % in % are in two payouts: % and %', "twice"."first_seq", "twice"."last_seq",
      "twice"."affiliate_id", "twice"."currency", "twice"."payout_id", "twice"."other_id" USING ERRCODE = 'exclusion_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "payout_lines_never_overlap" AFTER INSERT ON "payout_lines"
  REFERENCING NEW TABLE AS "inserted" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_overlapping_lines"();
ALTER TABLE "payout_lines" ENABLE ALWAYS TRIGGER "payout_lines_never_overlap";

-- What was checked when it was inserted stays as it is: a line can be released, once, and nothing else.
CREATE FUNCTION "refuse_line_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a payout line can be released once and never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER "payout_lines_only_released" BEFORE UPDATE ON "payout_lines" FOR EACH ROW
  WHEN (OLD."released_at" IS NOT NULL OR NEW."released_at" IS NULL
    OR (OLD."payout_id", OLD."affiliate_id", OLD."currency", OLD."first_seq", OLD."last_seq", OLD."item_count", OLD."amount_minor")
      IS DISTINCT FROM (NEW."payout_id", NEW."affiliate_id", NEW."currency", NEW."first_seq", NEW."last_seq", NEW."item_count", NEW."amount_minor"))
  EXECUTE FUNCTION "refuse_line_change"();
ALTER TABLE "payout_lines" ENABLE ALWAYS TRIGGER "payout_lines_only_released";
