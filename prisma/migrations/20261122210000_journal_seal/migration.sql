-- Triggers and rights keep the app from changing the journal, not somebody who owns the database. So a background job
-- chains the entries by hashes, and whoever alters or removes one breaks the chain (docs/decisions/0006-journal-seal.md).

-- CreateTable
CREATE TABLE "journal_seals" (
    "number" BIGINT NOT NULL,
    "entry_id" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "journal_seals_pkey" PRIMARY KEY ("number")
);

-- CreateTable
CREATE TABLE "journal_unsealed" (
    "entry_id" TEXT NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "journal_seals_entry_id_key" ON "journal_seals"("entry_id");

-- ---------------------------------------------------------------------------------------------------------------
-- Seals are as append-only as what they seal.
-- ---------------------------------------------------------------------------------------------------------------
CREATE TRIGGER "journal_seals_append_only" BEFORE UPDATE OR DELETE ON "journal_seals"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "journal_seals_no_truncate" BEFORE TRUNCATE ON "journal_seals"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
ALTER TABLE "journal_seals" ENABLE ALWAYS TRIGGER "journal_seals_append_only";
ALTER TABLE "journal_seals" ENABLE ALWAYS TRIGGER "journal_seals_no_truncate";

-- ---------------------------------------------------------------------------------------------------------------
-- The sealer's work list: written by the transaction that writes the entry, hence complete at any moment, whatever
-- order transactions commit in. Without an index, so that it costs a writer one short row and no contention. Not for
-- replication roles: a replica gets the list with the rest, and an entry that was smuggled past this is found by its
-- being neither sealed nor listed.
-- ---------------------------------------------------------------------------------------------------------------
CREATE FUNCTION "queue_for_seal"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "journal_unsealed" ("entry_id") SELECT "id" FROM "inserted";
  RETURN NULL;
END $$;

CREATE TRIGGER "journal_entries_queue_for_seal" AFTER INSERT ON "journal_entries"
  REFERENCING NEW TABLE AS "inserted" FOR EACH STATEMENT EXECUTE FUNCTION "queue_for_seal"();

INSERT INTO "journal_unsealed" ("entry_id") SELECT "id" FROM "journal_entries";
