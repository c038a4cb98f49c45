-- A customer may come by a promotion code that an affiliate tells, on a stage or in a video, without any link. Which code
-- is whose, and who redeemed it, is kept here: the user behind a customer is often known only later.

-- CreateTable
CREATE TABLE "promotion_codes" (
    "id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "stripe_promotion_code_id" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "promotion_codes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "promotion_redemptions" (
    "customer_id" TEXT NOT NULL,
    "promotion_code_id" TEXT NOT NULL,
    "referred_user_id" TEXT,
    "redeemed_at" TIMESTAMPTZ(3) NOT NULL,
    "decided_at" TIMESTAMPTZ(3),
    "decision_id" TEXT,

    CONSTRAINT "promotion_redemptions_pkey" PRIMARY KEY ("customer_id", "promotion_code_id")
);

-- AlterTable: which code a referral came by. The conversion rate compares clicks with those who could have clicked.
ALTER TABLE "referrals" ADD COLUMN "promotion_code_id" TEXT;

-- How many of an affiliate's referrals came by a code (the fraud rule conversion_rate).
CREATE INDEX "referrals_by_promotion_code_idx" ON "referrals" ("affiliate_id") WHERE "promotion_code_id" IS NOT NULL;

-- CreateIndex: GET /v1/affiliates/:id/promotion-codes
CREATE INDEX "promotion_codes_affiliate_id_id_idx" ON "promotion_codes"("affiliate_id", "id");

-- CreateIndex: whose a redeemed code was at that moment
CREATE INDEX "promotion_codes_stripe_promotion_code_id_idx" ON "promotion_codes"("stripe_promotion_code_id");

-- One code belongs to one affiliate at a time, whoever adds it at the same moment.
CREATE UNIQUE INDEX "promotion_codes_one_owner_idx" ON "promotion_codes" ("stripe_promotion_code_id") WHERE "removed_at" IS NULL;

ALTER TABLE "promotion_codes"
  ADD CONSTRAINT "promotion_codes_removed_later" CHECK ("removed_at" >= "created_at");

-- CreateIndex: what a user whose signup is reported has redeemed
CREATE INDEX "promotion_redemptions_referred_user_id_idx" ON "promotion_redemptions"("referred_user_id");

-- What waits for its decision, the oldest first (PromotionScheduler).
CREATE INDEX "promotion_redemptions_waiting_idx" ON "promotion_redemptions" ("redeemed_at") WHERE "decided_at" IS NULL;

-- AddForeignKey
ALTER TABLE "promotion_codes" ADD CONSTRAINT "promotion_codes_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "referrals" ADD CONSTRAINT "referrals_promotion_code_id_fkey" FOREIGN KEY ("promotion_code_id") REFERENCES "promotion_codes"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "promotion_redemptions" ADD CONSTRAINT "promotion_redemptions_promotion_code_id_fkey" FOREIGN KEY ("promotion_code_id") REFERENCES "promotion_codes"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
