-- What Stripe tells of transfers as facts beside the payouts they belong to: a reversal may be told before the payout is
-- known to be paid, twice, or out of order, and what is posted follows from the largest amount seen. And the reversals
-- that we ask for ourselves, each stored before its request leaves.

-- CreateTable
CREATE TABLE "stripe_transfers" (
    "id" TEXT NOT NULL,
    "payout_id" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "amount_reversed_minor" BIGINT NOT NULL,
    "reversed_by_others_minor" BIGINT NOT NULL DEFAULT 0,
    "currency" TEXT NOT NULL,
    "destination" TEXT NOT NULL,
    "reversed_at" TIMESTAMPTZ(3),
    "stripe_event_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stripe_transfers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "transfer_reversals" (
    "id" TEXT NOT NULL,
    "payout_id" TEXT NOT NULL,
    "transfer_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "deduction_seq" BIGINT NOT NULL,
    "status" TEXT NOT NULL,
    "attempt_no" INTEGER NOT NULL DEFAULT 1,
    "idempotency_key" TEXT NOT NULL,
    "sends" INTEGER NOT NULL DEFAULT 0,
    "first_sent_at" TIMESTAMPTZ(3),
    "next_try_at" TIMESTAMPTZ(3) NOT NULL,
    "stripe_reversal_id" TEXT,
    "failure_code" TEXT,
    "failure_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "transfer_reversals_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "stripe_transfers_payout_id_idx" ON "stripe_transfers"("payout_id");

-- CreateIndex
CREATE UNIQUE INDEX "transfer_reversals_idempotency_key_key" ON "transfer_reversals"("idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "transfer_reversals_stripe_reversal_id_key" ON "transfer_reversals"("stripe_reversal_id");

-- CreateIndex
CREATE INDEX "transfer_reversals_transfer_id_idx" ON "transfer_reversals"("transfer_id");

-- CreateIndex
CREATE INDEX "transfer_reversals_payout_id_idx" ON "transfer_reversals"("payout_id");

-- AddForeignKey
ALTER TABLE "transfer_reversals" ADD CONSTRAINT "transfer_reversals_payout_id_fkey" FOREIGN KEY ("payout_id") REFERENCES "payouts"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

ALTER TABLE "stripe_transfers"
  ADD CONSTRAINT "stripe_transfers_amounts" CHECK ("amount_minor" > 0 AND "amount_reversed_minor" BETWEEN 0 AND "amount_minor"
    AND "reversed_by_others_minor" BETWEEN 0 AND "amount_reversed_minor"),
  ADD CONSTRAINT "stripe_transfers_reversed_at" CHECK (("amount_reversed_minor" = 0) = ("reversed_at" IS NULL));
ALTER TABLE "transfer_reversals"
  ADD CONSTRAINT "transfer_reversals_amount" CHECK ("amount_minor" > 0),
  ADD CONSTRAINT "transfer_reversals_status" CHECK ("status" IN ('pending', 'succeeded', 'refused', 'withdrawn')),
  ADD CONSTRAINT "transfer_reversals_resolved" CHECK (("status" = 'pending') = ("resolved_at" IS NULL)
    AND ("status" = 'succeeded') = ("stripe_reversal_id" IS NOT NULL));

-- A payout is `reversed` when nothing of it is left, and only money that was paid can come back.
ALTER TABLE "payouts"
  ADD CONSTRAINT "payouts_amount_reversed" CHECK ("amount_reversed_minor" BETWEEN 0 AND "amount_minor"
    AND ("amount_reversed_minor" = 0 OR "status" IN ('paid', 'reversed'))
    AND ("status" = 'reversed') = ("amount_reversed_minor" = "amount_minor"));

-- The claim of reversals that wait for their outcome; few at any time, among all there ever were.
CREATE INDEX "transfer_reversals_pending" ON "transfer_reversals" ("next_try_at") WHERE "status" = 'pending';
