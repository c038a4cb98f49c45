-- Reads that went through a whole table on generated data of a million sales, or sorted it: each index names its read.

-- The panel's list of review cases: the open ones first, the newest of them on top.
CREATE INDEX "review_cases_open_first_idx" ON "review_cases" (("status" = 'open') DESC, "id" DESC);

-- The panel's list of allowed pairs, the newest first.
-- CreateIndex
CREATE INDEX "review_whitelist_created_at_idx" ON "review_whitelist"("created_at");

-- GET /v1/payout-runs and /v1/payout-runs/:period, the panel's list of runs and its start page: what each run came to, by
-- currency and status, without the payouts themselves.
-- CreateIndex
CREATE INDEX "payouts_run_id_currency_status_amount_minor_idx" ON "payouts"("run_id", "currency", "status", "amount_minor");

-- The same reads: how many each run skipped, by reason.
-- CreateIndex
CREATE INDEX "payout_skips_run_id_reason_idx" ON "payout_skips"("run_id", "reason");
