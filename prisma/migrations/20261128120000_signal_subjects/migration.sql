-- A decision on a case costs the referrals that its signals are about, and a pair that staff call harmless is named by the
-- other party, so a signal says both where its rule knows them. Signals of before are told the referral of their invoice:
-- one without it would be taken for a finding about all of the affiliate's referrals.
ALTER TABLE "review_signals" ADD COLUMN "subject" TEXT, ADD COLUMN "referral_id" TEXT;

ALTER TABLE "review_signals" ADD CONSTRAINT "review_signals_referral_id_fkey" FOREIGN KEY ("referral_id") REFERENCES "referrals"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

UPDATE "review_signals" s SET "referral_id" = r."id"
FROM "review_cases" c, "stripe_invoices" i, "referrals" r
WHERE c."id" = s."case_id" AND c."rule" IN ('paid_out_of_band', 'unknown_dispute_status')
  AND i."id" = s."evidence" ->> 'invoiceId' AND r."affiliate_id" = c."affiliate_id"
  AND (r."stripe_customer_id" = i."customer_id"
       OR r."stripe_customer_id" IS NULL AND r."referred_user_id" = i."referred_user_id");
