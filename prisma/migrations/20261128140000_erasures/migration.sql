-- A person can be erased while the ledger stays (docs/decisions/0011-erasure.md). What has to be searched for in the
-- background is kept with the request until it was found, and no longer. A code of an erased affiliate must never be
-- given to somebody else, but must not be readable either: it is kept as a keyed digest.

-- AlterTable
ALTER TABLE "affiliates" ADD COLUMN "erased_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "erasures" (
    "id" TEXT NOT NULL,
    "pseudonym" TEXT NOT NULL,
    "affiliate_id" TEXT,
    "referral_id" TEXT,
    "status" TEXT NOT NULL,
    "search" JSONB,
    "progress" JSONB,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),

    CONSTRAINT "erasures_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "retired_codes" (
    "digest" BYTEA NOT NULL,

    CONSTRAINT "retired_codes_pkey" PRIMARY KEY ("digest")
);

-- CreateTable
CREATE TABLE "retired_code_key" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "key" BYTEA NOT NULL,

    CONSTRAINT "retired_code_key_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "retired_code_key" ADD CONSTRAINT "retired_code_key_one" CHECK ("id" = 1);
-- What is searched for is personal data: it goes with the end of the search.
ALTER TABLE "erasures" ADD CONSTRAINT "erasures_search" CHECK (
  ("status" = 'pending' AND "search" IS NOT NULL AND "completed_at" IS NULL)
  OR ("status" = 'completed' AND "search" IS NULL AND "progress" IS NULL AND "completed_at" IS NOT NULL)
);
-- A customer whose person was erased is known by the pseudonym, and no later word of Stripe changes that.
ALTER TABLE "stripe_customers" DROP CONSTRAINT "stripe_customers_source";
ALTER TABLE "stripe_customers" ADD CONSTRAINT "stripe_customers_source" CHECK ("source" IN ('metadata', 'checkout', 'erasure'));
