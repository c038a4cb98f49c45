-- The ledger is proven each night, and what came out is kept: nobody need have been awake, staff see it in the morning,
-- and the head of each night says up to where the chain of seals was whole.

-- CreateTable
CREATE TABLE "ledger_verifications" (
    "id" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3) NOT NULL,
    "breaches" JSONB NOT NULL,
    "is_sound" BOOLEAN NOT NULL,
    "head" TEXT,

    CONSTRAINT "ledger_verifications_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "ledger_verifications"
  ADD CONSTRAINT "ledger_verifications_sound" CHECK ("is_sound" = ("breaches" = '[]'::jsonb));
