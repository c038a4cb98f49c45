-- A payout run, and every paid invoice, wrote two postings for each entry, and the foreign key asked for the entry once for each
-- of them: a statement of its own, and a lock that wrote to the entry, and to the log, once more. The statement that inserts
-- postings is checked as a whole already (they sum to zero); it asks for their entries as well now, once for each, all in one
-- go. Nothing is given up by that: an entry is never updated, deleted or truncated, which the triggers of its table refuse to
-- everybody, so one that was there once is there for ever, and needs no lock. And unlike the key, this also holds for
-- replication roles.

-- Both tables are locked, in the order in which entries and their postings are written.
LOCK TABLE "journal_entries", "postings" IN ACCESS EXCLUSIVE MODE;

-- Looks entries up one by one (OFFSET 0): the plan is kept, and one that was made while the table was empty would read the
-- whole of it later on.
CREATE OR REPLACE FUNCTION "check_postings_balance"() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE "wrong" record;
BEGIN
  SELECT i."entry_id", e."is_there" INTO "wrong"
  FROM (SELECT "entry_id", "currency", sum("amount_minor") AS "sum" FROM "inserted" GROUP BY "entry_id", "currency") i
  LEFT JOIN LATERAL (SELECT TRUE AS "is_there" FROM "journal_entries" WHERE "id" = i."entry_id" OFFSET 0) e ON TRUE
  WHERE i."sum" <> 0 OR e."is_there" IS NULL
  LIMIT 1;
  IF FOUND AND "wrong"."is_there" IS NULL THEN
    RAISE EXCEPTION 'postings name an entry that is not there: %', "wrong"."entry_id" USING ERRCODE = 'foreign_key_violation';
  ELSIF FOUND THEN
    RAISE EXCEPTION 'postings of entry % do not sum to zero', "wrong"."entry_id" USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

-- DropForeignKey
ALTER TABLE "postings" DROP CONSTRAINT "postings_entry_id_fkey";
