-- The start page of the admin panel draws the clicks of the last thirty days over all affiliates. Days are written in
-- their order, so a block range index finds them, and costs the click path next to nothing: it holds no row of its own.

-- CreateIndex
CREATE INDEX "click_days_day_idx" ON "click_days" USING BRIN ("day");
