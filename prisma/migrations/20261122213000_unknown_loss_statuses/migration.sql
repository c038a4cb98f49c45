-- A status that this version does not know may be told after one that counts for good, and staff must hear of it all the
-- same: won, and then something new, is no reason for silence.
ALTER TABLE "stripe_losses" ADD COLUMN "unknown_statuses" TEXT[] NOT NULL DEFAULT '{}';
