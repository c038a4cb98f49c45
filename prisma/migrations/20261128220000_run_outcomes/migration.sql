-- What a run came to was summed over its payouts and skips each time it was shown, so a list of twenty runs cost as much as
-- they have payouts. Once a run is over neither changes, and what it came to is kept beside it. A payout that is reversed
-- afterwards was paid nevertheless, and is counted so. While a run is under way this is null, and it is counted.

ALTER TABLE "payout_runs" ADD COLUMN "outcome" JSONB;

UPDATE "payout_runs" r SET "outcome" = jsonb_build_object(
  'payouts', (
    SELECT coalesce(jsonb_agg(jsonb_build_object('currency', "currency", 'status', "status", 'count', "n", 'amountMinor', "amount"::text)
                    ORDER BY "currency", "status"), '[]')
    FROM (
      SELECT "currency", CASE "status" WHEN 'reversed' THEN 'paid' ELSE "status" END AS "status", count(*) AS "n", sum("amount_minor") AS "amount"
      FROM "payouts" WHERE "run_id" = r."id" GROUP BY 1, 2
    ) p),
  'skips', (
    SELECT coalesce(jsonb_agg(jsonb_build_object('reason', "reason", 'count', "n") ORDER BY "reason"), '[]')
    FROM (SELECT "reason", count(*) AS "n" FROM "payout_skips" WHERE "run_id" = r."id" GROUP BY 1) s))
WHERE "status" IN ('completed', 'canceled')
  AND NOT EXISTS (SELECT 1 FROM "payouts" p WHERE p."run_id" = r."id" AND p."status" = 'pending');
