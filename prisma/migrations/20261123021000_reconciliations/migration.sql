-- The ledger and Stripe are compared each night, and what was found is kept: nobody need have been awake. Transfers are
-- listed into a table first, because no transaction may stay open while Stripe is asked, and the comparison is one
-- statement however many there are. Unlogged: after a crash the rows are worth nothing, and neither is their WAL.

-- CreateTable
CREATE TABLE "reconciliations" (
    "id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "transfer_count" INTEGER NOT NULL DEFAULT 0,
    "payout_count" INTEGER NOT NULL DEFAULT 0,
    "difference_count" INTEGER NOT NULL DEFAULT 0,
    "open_count" INTEGER NOT NULL DEFAULT 0,
    "sums" JSONB NOT NULL DEFAULT '[]',
    "findings" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "reconciliations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE UNLOGGED TABLE "reconciliation_transfers" (
    "reconciliation_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "payout_id" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "amount_reversed_minor" BIGINT NOT NULL,
    "reversals_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "destination" TEXT NOT NULL,

    CONSTRAINT "reconciliation_transfers_pkey" PRIMARY KEY ("reconciliation_id","id")
);

ALTER TABLE "reconciliations"
  ADD CONSTRAINT "reconciliations_status" CHECK ("status" IN ('running', 'agrees', 'differs', 'failed')),
  ADD CONSTRAINT "reconciliations_finished" CHECK (("status" = 'running') = ("finished_at" IS NULL)),
  ADD CONSTRAINT "reconciliations_differs" CHECK ("status" NOT IN ('agrees', 'differs') OR ("status" = 'differs') = ("difference_count" > 0));
