-- GET /v1/commissions, /v1/payouts and /v1/referrals `?currency=` read everything in the order of ids where the currency is rare
-- or is sold in no more.

-- CreateIndex
CREATE INDEX "commissions_currency_id_idx" ON "commissions"("currency", "id");

-- CreateIndex
CREATE INDEX "payouts_currency_id_idx" ON "payouts"("currency", "id");

-- CreateIndex
CREATE INDEX "referrals_currency_id_idx" ON "referrals"("currency", "id");
