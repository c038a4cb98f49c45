-- Sequence numbers are given when an event is written, and transactions commit in another order: whoever reads "all after
-- number n" may miss one that commits late. So committed events get a position of their own, one publisher at a time:
-- gapless, never again changed, and what consumers remember as how far they are.

-- AlterTable
ALTER TABLE "domain_events" ADD COLUMN "position" BIGINT;

-- CreateIndex: the feed, in order.
CREATE UNIQUE INDEX "domain_events_position_key" ON "domain_events"("position");

-- The publisher's work list: few rows at any time, however many events there are.
CREATE INDEX "domain_events_unpublished" ON "domain_events"("sequence") WHERE "position" IS NULL;

-- DropIndex: nobody reads by the sequence any more but the publisher.
DROP INDEX "domain_events_sequence_key";

-- CreateTable: one row. Whoever publishes has it locked.
CREATE TABLE "event_feed" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "last_position" BIGINT NOT NULL,

    CONSTRAINT "event_feed_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "event_feed_one" CHECK ("id" = 1)
);

INSERT INTO "event_feed" ("id", "last_position") VALUES (1, 0);

-- CreateTable: how far each reader is.
CREATE TABLE "event_consumers" (
    "name" TEXT NOT NULL,
    "position" BIGINT NOT NULL,

    CONSTRAINT "event_consumers_pkey" PRIMARY KEY ("name")
);
