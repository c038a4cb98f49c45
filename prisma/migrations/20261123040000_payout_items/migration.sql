-- A payout run reads every posting that it pays: millions in a few seconds. So a posting says itself since when it may
-- be paid (by the commission's first payable posting), and an index of those that may holds all that a run reads of them:
-- neither the journal nor the table of postings has to be visited for each.
ALTER TABLE "postings" ADD COLUMN "payable_since" TIMESTAMPTZ(3);

-- What is posted already gets the value once; the table refuses changes before and after it.
ALTER TABLE "postings" DISABLE TRIGGER "postings_append_only";
UPDATE "postings" SET "payable_since" = item."since"
FROM (
  SELECT p."affiliate_id", p."currency", p."seq",
         first_value(e."occurred_at") OVER (PARTITION BY coalesce(e."commission_id", e."id") ORDER BY p."seq") AS "since"
  FROM "postings" p JOIN "journal_entries" e ON e."id" = p."entry_id"
  WHERE p."account" = 'payable' AND e."kind" NOT IN ('payout_reserved', 'payout_returned')
) item
WHERE ("postings"."affiliate_id", "postings"."currency", "postings"."seq") = (item."affiliate_id", item."currency", item."seq");
ALTER TABLE "postings" ENABLE ALWAYS TRIGGER "postings_append_only";

ALTER TABLE "postings"
  ADD CONSTRAINT "postings_payable_since" CHECK ("payable_since" IS NULL OR "account" = 'payable');

-- The items of a balance from its first unlined posting on, for a run and its preview.
CREATE INDEX "postings_items" ON "postings" ("affiliate_id", "currency", "seq") INCLUDE ("payable_since", "amount_minor")
  WHERE "payable_since" IS NOT NULL;

-- An index alone answers only for pages that a vacuum has marked. By default a month's postings would wait until they
-- are a fifth of all there ever were.
ALTER TABLE "postings" SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000);

-- Whether a run has decided about a balance already.
CREATE INDEX "payouts_affiliate_id_currency_run_id_idx" ON "payouts"("affiliate_id", "currency", "run_id");

-- Holds that have run out are walked through in batches, each beginning where the one before it ended.
DROP INDEX "commission_holds_available_at_idx";
CREATE INDEX "commission_holds_available_at_commission_id_idx" ON "commission_holds"("available_at", "commission_id");
