-- What sending payouts has to remember between two processes:
-- when a request of an attempt last left and with which key of the provider's (a new key may not know what the old one
-- asked for, so it looks first); which currencies wait for funds; which process sends at this moment, so that two of
-- them do not exceed the provider's rate together; why a run was halted; and who decided about a run, and why.

ALTER TABLE "payout_attempts" ADD COLUMN "last_sent_at" TIMESTAMPTZ(3);
UPDATE "payout_attempts" SET "last_sent_at" = "first_sent_at";
ALTER TABLE "payout_attempts" ALTER COLUMN "last_sent_at" SET NOT NULL;
-- Empty for what was sent before this migration: as if it had been another key.
ALTER TABLE "payout_attempts" ADD COLUMN "credential_id" TEXT NOT NULL DEFAULT '';
ALTER TABLE "payout_attempts" ALTER COLUMN "credential_id" DROP DEFAULT;

ALTER TABLE "payout_runs"
  ADD COLUMN "halted_at" TIMESTAMPTZ(3),
  ADD COLUMN "halted_reason" TEXT,
  ADD COLUMN "halted_payout_id" TEXT,
  ADD COLUMN "decision" TEXT,
  ADD COLUMN "decided_by" TEXT,
  ADD COLUMN "decided_at" TIMESTAMPTZ(3),
  ADD COLUMN "decision_reason" TEXT;

ALTER TABLE "payout_runs"
  ADD CONSTRAINT "payout_runs_decision" CHECK ("decision" IN ('approved', 'canceled'));

CREATE TABLE "funds_waits" (
    "currency" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "funds_waits_pkey" PRIMARY KEY ("currency")
);

CREATE TABLE "payout_sender" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "holder" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "payout_sender_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "payout_sender_one" CHECK ("id" = 1)
);
