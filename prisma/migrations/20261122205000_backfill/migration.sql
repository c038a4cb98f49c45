-- A server that was down catches up by itself: it asks Stripe for the events since the moment up to which it knows that
-- none is missing, and for the accounts whose own events no list shows.
CREATE TABLE "stripe_backfill" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "complete_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stripe_backfill_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "stripe_backfill_single_row" CHECK ("id" = 1)
);

ALTER TABLE "affiliates" ADD COLUMN "stripe_account_seen_at" TIMESTAMPTZ(3);

-- Replaying events goes through them by the moment they were received.
CREATE INDEX "stripe_events_received_at_id_idx" ON "stripe_events"("received_at", "id");
