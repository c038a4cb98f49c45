-- The overview and the charts counted an affiliate's referrals one by one, and the list of referrals added up what each
-- commission of twenty referrals had earned. Both are kept as sums now, written in the transaction of what they sum up.
-- `npm run rollups:rebuild` works them out again.

-- ---------------------------------------------------------------------------------------------------------------
-- Referrals by affiliate and day of UTC. No CHECK that counts are positive: a sum that is wrong must not keep a sale
-- from being recorded.
-- ---------------------------------------------------------------------------------------------------------------
CREATE TABLE "referral_days" (
    "affiliate_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    -- Signups of the day; conversions of the day, whenever they signed up; and who signed up on the day and pays now.
    "signups" INTEGER NOT NULL,
    "conversions" INTEGER NOT NULL,
    "paying" INTEGER NOT NULL,

    CONSTRAINT "referral_days_pkey" PRIMARY KEY ("affiliate_id","day")
);

INSERT INTO "referral_days" ("affiliate_id", "day", "signups", "conversions", "paying")
SELECT "affiliate_id", "day", sum("signups"), sum("conversions"), sum("paying")
FROM (
  SELECT "affiliate_id", ("occurred_at" AT TIME ZONE 'UTC')::date AS "day", 1 AS "signups", 0 AS "conversions",
         ("status" = 'paid')::int AS "paying"
  FROM "referrals"
  UNION ALL
  SELECT "affiliate_id", ("converted_at" AT TIME ZONE 'UTC')::date, 0, 1, 0 FROM "referrals" WHERE "converted_at" IS NOT NULL
) AS "each"
GROUP BY 1, 2;

-- The start page of the admin panel draws signups and conversions of the last thirty days over all affiliates. Rows of
-- old days are written again when a customer stops paying, so their places on the disk say nothing of their days.
-- CreateIndex
CREATE INDEX "referral_days_day_idx" ON "referral_days"("day");

-- ---------------------------------------------------------------------------------------------------------------
-- What each referral's commissions have earned, net, by currency. Kept by the database with the postings, whoever
-- writes them, and under the lock of the affiliate's balance that every writer of postings holds: so it cannot miss
-- one. `ledger:verify` proves it.
-- ---------------------------------------------------------------------------------------------------------------
CREATE TABLE "referral_earnings" (
    "referral_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "earned_minor" BIGINT NOT NULL,

    CONSTRAINT "referral_earnings_pkey" PRIMARY KEY ("referral_id","currency")
);

-- AddForeignKey
ALTER TABLE "referral_earnings" ADD CONSTRAINT "referral_earnings_referral_id_fkey" FOREIGN KEY ("referral_id") REFERENCES "referrals"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

INSERT INTO "referral_earnings" ("referral_id", "currency", "earned_minor")
SELECT c."referral_id", p."currency", -sum(p."amount_minor")
FROM "postings" p
JOIN "journal_entries" e ON e."id" = p."entry_id"
JOIN "commissions" c ON c."id" = e."commission_id"
WHERE p."account" = 'commission_expense'
GROUP BY 1, 2;

-- Looks entries and commissions up one by one: the plan is kept, and one that was made while the tables were empty would
-- read the whole of them later on.
CREATE FUNCTION "sum_referral_earnings"() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  INSERT INTO "referral_earnings" ("referral_id", "currency", "earned_minor")
  SELECT c."referral_id", i."currency", -sum(i."amount_minor")
  FROM "inserted" i
  CROSS JOIN LATERAL (SELECT e."commission_id" FROM "journal_entries" e WHERE e."id" = i."entry_id" OFFSET 0) AS e
  CROSS JOIN LATERAL (SELECT o."referral_id" FROM "commissions" o WHERE o."id" = e."commission_id" OFFSET 0) AS c
  WHERE i."account" = 'commission_expense'
  GROUP BY 1, 2
  ORDER BY 1, 2
  ON CONFLICT ("referral_id", "currency") DO UPDATE SET
    "earned_minor" = "referral_earnings"."earned_minor" + EXCLUDED."earned_minor";
  RETURN NULL;
END $$;

CREATE TRIGGER "postings_earnings" AFTER INSERT ON "postings"
  REFERENCING NEW TABLE AS "inserted" FOR EACH STATEMENT EXECUTE FUNCTION "sum_referral_earnings"();
ALTER TABLE "postings" ENABLE ALWAYS TRIGGER "postings_earnings";
