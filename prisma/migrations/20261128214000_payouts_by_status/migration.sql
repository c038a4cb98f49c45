-- GET /v1/payouts?status= and the panel's list by a rare status went through all payouts, and GET /v1/commissions?state=in_payout
-- without an affiliate through all commissions: it begins with the payouts that are under way now.
-- CreateIndex
CREATE INDEX "payouts_status_id_idx" ON "payouts"("status", "id");
