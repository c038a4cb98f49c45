-- An entry keeps the facts it was worked out from, not only their hash: a reversal must be able to show which refund
-- it answers and how its amount follows, for ever. Entries of before have none to show.
ALTER TABLE "journal_entries" ADD COLUMN "facts" JSONB NOT NULL DEFAULT '{}';
ALTER TABLE "journal_entries" ALTER COLUMN "facts" DROP DEFAULT;

-- An entry by hand names who posted it and why: neither without the other, and no adjustment without both.
ALTER TABLE "journal_entries"
  ADD CONSTRAINT "journal_entries_by_hand" CHECK (("staff_user_id" IS NULL) = ("reason" IS NULL)),
  ADD CONSTRAINT "journal_entries_adjustment" CHECK ("kind" <> 'adjustment' OR "staff_user_id" IS NOT NULL);
