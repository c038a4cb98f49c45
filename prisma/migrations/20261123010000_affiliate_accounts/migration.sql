-- Where an affiliate's money went must be provable after its account was replaced, so every account ever used is kept.
-- With it stands what Stripe last said of it: what is still missing, and why nothing is paid out.

-- CreateTable
CREATE TABLE "affiliate_accounts" (
    "account_id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "connected_at" TIMESTAMPTZ(3) NOT NULL,
    "replaced_at" TIMESTAMPTZ(3),
    "gone_at" TIMESTAMPTZ(3),
    "requirements" JSONB NOT NULL DEFAULT '[]',
    "disabled_reason" TEXT,

    CONSTRAINT "affiliate_accounts_pkey" PRIMARY KEY ("account_id")
);

-- CreateIndex
CREATE INDEX "affiliate_accounts_affiliate_id_connected_at_idx" ON "affiliate_accounts"("affiliate_id", "connected_at");

-- AddForeignKey
ALTER TABLE "affiliate_accounts" ADD CONSTRAINT "affiliate_accounts_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- One account at a time.
CREATE UNIQUE INDEX "affiliate_accounts_one_current" ON "affiliate_accounts" ("affiliate_id") WHERE "replaced_at" IS NULL;

-- The accounts that affiliates have today.
INSERT INTO "affiliate_accounts" ("account_id", "affiliate_id", "connected_at")
SELECT "stripe_account_id", "id", COALESCE("stripe_account_requested_at", "created_at")
FROM "affiliates" WHERE "stripe_account_id" IS NOT NULL;
