-- Finding the visitor and the day of each click was more than half of what a group of clicks cost, and it did so while visitors
-- waited. Now each group leaves a row that says what is to be counted, in the same commit; a moment later many groups
-- are counted at once, which costs half as much, and their rows go in the commit that counts them.
CREATE TABLE "uncounted_clicks" (
    "id" BIGSERIAL NOT NULL,
    "affiliate_ids" TEXT[],
    "days" DATE[],
    "visitor_hashes" BYTEA[],

    CONSTRAINT "uncounted_clicks_pkey" PRIMARY KEY ("id")
);

-- Rows live for a second: neither worth compressing, nor worth a place of their own while they fit into a page.
ALTER TABLE "uncounted_clicks"
    ALTER "affiliate_ids" SET STORAGE EXTERNAL, ALTER "days" SET STORAGE EXTERNAL, ALTER "visitor_hashes" SET STORAGE EXTERNAL,
    SET (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- The days as they are by now, for whoever reads them: what is counted, and what is still to be. A day may have two rows.
CREATE VIEW "click_days_now" AS
SELECT "affiliate_id", "day", "clicks", "unique_clicks" FROM "click_days"
UNION ALL
SELECT c."affiliate_id", c."day", count(*)::integer,
       (count(DISTINCT c."visitor_hash") FILTER (WHERE NOT EXISTS (
          SELECT 1 FROM "click_visitors" v
          WHERE v."affiliate_id" = c."affiliate_id" AND v."day" = c."day" AND v."visitor_hash" = c."visitor_hash"
       )))::integer
FROM "uncounted_clicks" u, unnest(u."affiliate_ids", u."days", u."visitor_hashes") AS c("affiliate_id", "day", "visitor_hash")
GROUP BY 1, 2;
