-- The panel went through all allowed pairs for those of a rule that has none, and for the page of one of them.

-- The panel's list of allowed pairs of one rule, the newest first.
-- CreateIndex
CREATE INDEX "review_whitelist_rule_created_at_idx" ON "review_whitelist"("rule", "created_at");

-- The page of an allowed pair, which the panel knows by all that it is made of.
CREATE UNIQUE INDEX "review_whitelist_by_name_idx" ON "review_whitelist" (("affiliate_id" || ' ' || "rule" || ' ' || "subject"));
