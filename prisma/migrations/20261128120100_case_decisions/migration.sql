-- What staff decide on a review case is a fact like what Stripe tells: kept once, never changed, and read by the function
-- that says what an invoice should be worth. A rejection remembers which commissions stood in a payout at that moment,
-- since nothing else could tell later. Money that was paid outside Stripe earns a commission of its own once it is
-- accepted, so that what the payment through Stripe earned never changes; hence two commissions of one invoice, by part.

-- CreateTable
CREATE TABLE "referral_rejections" (
    "case_id" TEXT NOT NULL,
    "referral_id" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "staff_user_id" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "rejected_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "referral_rejections_pkey" PRIMARY KEY ("case_id","referral_id")
);

-- CreateTable
CREATE TABLE "spared_commissions" (
    "case_id" TEXT NOT NULL,
    "commission_id" TEXT NOT NULL,

    CONSTRAINT "spared_commissions_pkey" PRIMARY KEY ("case_id","commission_id")
);

-- CreateTable
CREATE TABLE "out_of_band_acceptances" (
    "case_id" TEXT NOT NULL,
    "invoice_id" TEXT NOT NULL,
    "referral_id" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "staff_user_id" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "accepted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "out_of_band_acceptances_pkey" PRIMARY KEY ("invoice_id","referral_id")
);

-- CreateIndex: what staff have decided about the referrals that are being settled.
CREATE INDEX "referral_rejections_referral_id_idx" ON "referral_rejections"("referral_id");
CREATE INDEX "out_of_band_acceptances_referral_id_idx" ON "out_of_band_acceptances"("referral_id");

-- AddForeignKey
ALTER TABLE "referral_rejections" ADD CONSTRAINT "referral_rejections_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "review_cases"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE "referral_rejections" ADD CONSTRAINT "referral_rejections_referral_id_fkey" FOREIGN KEY ("referral_id") REFERENCES "referrals"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE "spared_commissions" ADD CONSTRAINT "spared_commissions_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "review_cases"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE "spared_commissions" ADD CONSTRAINT "spared_commissions_commission_id_fkey" FOREIGN KEY ("commission_id") REFERENCES "commissions"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE "out_of_band_acceptances" ADD CONSTRAINT "out_of_band_acceptances_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "review_cases"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE "out_of_band_acceptances" ADD CONSTRAINT "out_of_band_acceptances_invoice_id_fkey" FOREIGN KEY ("invoice_id") REFERENCES "stripe_invoices"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE "out_of_band_acceptances" ADD CONSTRAINT "out_of_band_acceptances_referral_id_fkey" FOREIGN KEY ("referral_id") REFERENCES "referrals"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

ALTER TABLE "referral_rejections" ADD CONSTRAINT "referral_rejections_reason" CHECK (btrim("reason") <> '');
ALTER TABLE "out_of_band_acceptances"
  ADD CONSTRAINT "out_of_band_acceptances_reason" CHECK (btrim("reason") <> ''),
  ADD CONSTRAINT "out_of_band_acceptances_amount" CHECK ("amount_minor" > 0);

-- Facts about decided money are as append-only as the journal that follows from them.
CREATE TRIGGER "referral_rejections_append_only" BEFORE UPDATE OR DELETE ON "referral_rejections"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "referral_rejections_no_truncate" BEFORE TRUNCATE ON "referral_rejections"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "spared_commissions_append_only" BEFORE UPDATE OR DELETE ON "spared_commissions"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "spared_commissions_no_truncate" BEFORE TRUNCATE ON "spared_commissions"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "out_of_band_acceptances_append_only" BEFORE UPDATE OR DELETE ON "out_of_band_acceptances"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "out_of_band_acceptances_no_truncate" BEFORE TRUNCATE ON "out_of_band_acceptances"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
ALTER TABLE "referral_rejections" ENABLE ALWAYS TRIGGER "referral_rejections_append_only";
ALTER TABLE "referral_rejections" ENABLE ALWAYS TRIGGER "referral_rejections_no_truncate";
ALTER TABLE "spared_commissions" ENABLE ALWAYS TRIGGER "spared_commissions_append_only";
ALTER TABLE "spared_commissions" ENABLE ALWAYS TRIGGER "spared_commissions_no_truncate";
ALTER TABLE "out_of_band_acceptances" ENABLE ALWAYS TRIGGER "out_of_band_acceptances_append_only";
ALTER TABLE "out_of_band_acceptances" ENABLE ALWAYS TRIGGER "out_of_band_acceptances_no_truncate";

-- Of which part of an invoice's money a commission is: of what came through Stripe, or of what was accepted.
ALTER TABLE "commissions" ADD COLUMN "part" TEXT NOT NULL DEFAULT 'stripe';
ALTER TABLE "commissions" ADD CONSTRAINT "commissions_part" CHECK ("part" IN ('stripe', 'out_of_band'));
DROP INDEX "commissions_invoice_id_key";
-- An invoice's part earns once.
CREATE UNIQUE INDEX "commissions_invoice_id_part_key" ON "commissions"("invoice_id", "part");
