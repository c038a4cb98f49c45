-- A payout belongs to a balance, whose row whoever makes one has locked. The key to the affiliate instead locked and so wrote to each
-- affiliate's row once more. The list of an affiliate's payouts is short (one a month and currency), and needs no index in
-- its own order: each new payout wrote a whole page of it to the log.

-- DropForeignKey
ALTER TABLE "payouts" DROP CONSTRAINT "payouts_affiliate_id_fkey";

-- DropIndex
DROP INDEX "payouts_affiliate_id_id_idx";

-- AddForeignKey
ALTER TABLE "payouts" ADD CONSTRAINT "payouts_affiliate_id_currency_fkey" FOREIGN KEY ("affiliate_id", "currency") REFERENCES "balances"("affiliate_id", "currency") ON DELETE RESTRICT ON UPDATE RESTRICT;
