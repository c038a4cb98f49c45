-- Staff open the signups that a rule refused from the rule itself: the newest decisions of one reason (ResourceReader.page).
-- Without it a rare reason is looked for through every decision there is. Only refusals are in it.
CREATE INDEX "attribution_decisions_refused_idx" ON "attribution_decisions" ("reason", "id") WHERE "reason" IS NOT NULL;
