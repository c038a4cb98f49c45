-- A fifth of PostgreSQL's time for a paid invoice went into entries of indexes, some of which nobody ever looks up: of events
-- that are done, of entries that are no payout's, of referrals that have not converted. These indexes leave them out.

-- Events that wait, failed, were parked or ignored: the operator's metrics and the panel's list by status.
CREATE INDEX "stripe_events_unprocessed" ON "stripe_events" ("status", "received_at") WHERE "status" <> 'processed';

-- DropIndex
DROP INDEX "stripe_events_status_received_at_idx";

-- A payout's story.
CREATE INDEX "journal_entries_of_payouts" ON "journal_entries" ("payout_id") WHERE "payout_id" IS NOT NULL;

-- DropIndex
DROP INDEX "journal_entries_payout_id_idx";

-- Whether a conversion is the affiliate's first one, which is told by e-mail.
CREATE INDEX "referrals_converted" ON "referrals" ("affiliate_id", "converted_at") WHERE "converted_at" IS NOT NULL;

-- DropIndex
DROP INDEX "referrals_affiliate_id_converted_at_idx";
