-- Roll-ups are compared with what they sum up each night, and clicks leave with their month once they are older than
-- CLICK_RETENTION_DAYS. What was counted of them stays.

-- What differs is added to a row as it is added to a new one, so a figure that is not named is nought.
ALTER TABLE "click_days" ALTER COLUMN "clicks" SET DEFAULT 0, ALTER COLUMN "unique_clicks" SET DEFAULT 0;

-- Those of the clicks that are not there any more.
ALTER TABLE "click_sub_ids" ADD COLUMN "archived_clicks" INTEGER NOT NULL DEFAULT 0;

-- What each comparison found, for the metrics of every instance.
CREATE TABLE "rollup_checks" (
    "id" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3) NOT NULL,
    -- How many rows differ, by roll-up.
    "differences" JSONB NOT NULL,
    "is_exact" BOOLEAN NOT NULL,

    CONSTRAINT "rollup_checks_pkey" PRIMARY KEY ("id")
);

-- The first day of which all clicks are there, null without any. A statement that opens "clicks" before it asks is sure
-- that none of the days from there on leaves before it ends: detaching waits for it.
CREATE FUNCTION "first_click_day"() RETURNS date LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT to_date(substr(min(c.relname), length('clicks_') + 1), 'YYYY_MM')
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'public.clicks'::regclass
$$;

-- Months that were detached and are still to be dropped.
CREATE FUNCTION "detached_click_months"() RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT substr(c.relname, length('clicks_') + 1) FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^clicks_[0-9]{4}_[0-9]{2}$' AND NOT c.relispartition
  ORDER BY 1
$$;

-- The app's role owns no table, so it asks these functions, which run as the owner. Clicks are written while this waits
-- for its lock or not at all: half a second at most, then it is tried again later. It holds it for a moment.
CREATE FUNCTION "detach_click_partition"("month" text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
  EXECUTE format('ALTER TABLE "clicks" DETACH PARTITION %I', 'clicks_' || "month");
END $$;

-- How many of the month's clicks had which note stays with those notes. Rows are locked in their order, as the writers
-- of clicks do.
CREATE FUNCTION "drop_detached_clicks"("month" text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  "dropped" bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM detached_click_months() AS m WHERE m = "month") THEN
    RAISE EXCEPTION 'not a detached month of clicks: %', "month" USING ERRCODE = 'invalid_parameter_value';
  END IF;
  EXECUTE format('SELECT count(*) FROM %I', 'clicks_' || "month") INTO "dropped";
  EXECUTE format($q$
    WITH "noted" AS (
      SELECT "affiliate_id", "sub_id", count(*) AS "clicks" FROM %I WHERE "sub_id" IS NOT NULL GROUP BY 1, 2
    ), "locked" AS MATERIALIZED (
      SELECT "affiliate_id", "sub_id", n."clicks" FROM "click_sub_ids" s JOIN "noted" n USING ("affiliate_id", "sub_id")
      ORDER BY 1, 2 FOR UPDATE OF s
    )
    UPDATE "click_sub_ids" s SET "archived_clicks" = s."archived_clicks" + l."clicks" FROM "locked" l
    WHERE s."affiliate_id" = l."affiliate_id" AND s."sub_id" = l."sub_id"$q$, 'clicks_' || "month");
  EXECUTE format('DROP TABLE %I', 'clicks_' || "month");
  RETURN "dropped";
END $$;

-- A month used to be made as a partition at once, which waits for whoever reads clicks, and keeps every click waiting
-- behind it: a backup, say. One that is made by itself and then attached waits for nobody.
CREATE OR REPLACE FUNCTION "create_click_partition"("month" text, "from_id" text, "to_id" text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF "month" !~ '^[0-9]{4}_[0-9]{2}$' OR "from_id" !~ '^clk_[0-9a-z]{26}$' OR "to_id" !~ '^clk_[0-9a-z]{26}$' THEN
    RAISE EXCEPTION 'not a month of clicks: %', "month" USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('create_click_partition', 0));
  IF to_regclass(format('public.clicks_%s', "month")) IS NULL THEN
    EXECUTE format('CREATE TABLE %I (LIKE "clicks" INCLUDING ALL)', 'clicks_' || "month");
    EXECUTE format('ALTER TABLE "clicks" ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', 'clicks_' || "month",
      "from_id", "to_id");
  END IF;
END $$;
