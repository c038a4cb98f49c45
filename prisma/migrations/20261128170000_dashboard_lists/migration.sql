-- The affiliate's dashboard lists what was not credited, referrals of one status, and the notes on links that bring the most
-- clicks. Each reads as much with a million rows as with a thousand: the lists by an index of their own, the notes by a
-- roll-up that the clicks' own statement writes.

-- CreateTable
CREATE TABLE "click_sub_ids" (
    "affiliate_id" TEXT NOT NULL,
    "sub_id" TEXT NOT NULL,
    "clicks" INTEGER NOT NULL,

    CONSTRAINT "click_sub_ids_pkey" PRIMARY KEY ("affiliate_id","sub_id")
);

-- What was counted before there was a roll-up.
INSERT INTO "click_sub_ids" ("affiliate_id", "sub_id", "clicks")
SELECT "affiliate_id", "sub_id", count(*) FROM "clicks" WHERE "sub_id" IS NOT NULL GROUP BY 1, 2;

-- CreateIndex
CREATE INDEX "click_sub_ids_affiliate_id_clicks_sub_id_idx" ON "click_sub_ids"("affiliate_id", "clicks" DESC, "sub_id");

-- CreateIndex
CREATE INDEX "attribution_decisions_affiliate_id_attributed_id_idx" ON "attribution_decisions"("affiliate_id", "attributed", "id");

-- CreateIndex
CREATE INDEX "referrals_affiliate_id_status_id_idx" ON "referrals"("affiliate_id", "status", "id");
