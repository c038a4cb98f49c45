-- Each group of clicks looks again whether its affiliates are active. To find all of them it read the whole table, or went
-- down an index once for each; nearly all are active, and those who are not fit into a page or few.
CREATE INDEX "affiliates_inactive" ON "affiliates" ("id") WHERE "status" <> 'active';
