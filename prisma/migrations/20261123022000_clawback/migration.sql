-- A reversal that nobody answered is looked up as a transfer is: once its key is too old, or another key of the provider's
-- is in use, and not before the last request can no longer arrive.
ALTER TABLE "transfer_reversals" ADD COLUMN "last_sent_at" TIMESTAMPTZ(3), ADD COLUMN "credential_id" TEXT;
ALTER TABLE "transfer_reversals"
  ADD CONSTRAINT "transfer_reversals_sent" CHECK (num_nulls("first_sent_at", "last_sent_at", "credential_id") IN (0, 3));
