-- The foundation: affiliates, attribution, Stripe's facts, the ledger and payouts.
-- Tables and indexes follow prisma/schema.prisma, which also names the query behind each index. The second half is
-- what Prisma cannot say: partitions, CHECKs, partial indexes, and the triggers that make the journal append-only.

-- CreateTable
CREATE TABLE "installation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "installed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plans" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plans_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plan_versions" (
    "id" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "rate_bps" INTEGER NOT NULL,
    "duration_months" INTEGER,
    "hold_days" INTEGER NOT NULL,
    "effective_from" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plan_versions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "affiliates" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT,
    "email_normalized" TEXT,
    "country" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "plan_id" TEXT NOT NULL,
    "stripe_account_id" TEXT,
    "stripe_account_requested_at" TIMESTAMPTZ(3),
    "details_submitted" BOOLEAN NOT NULL DEFAULT false,
    "payouts_enabled" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "affiliates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "affiliate_codes" (
    "code" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "is_current" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "affiliate_codes_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "affiliate_rates" (
    "affiliate_id" TEXT NOT NULL,
    "effective_from" TIMESTAMPTZ(3) NOT NULL,
    "rate_bps" INTEGER,

    CONSTRAINT "affiliate_rates_pkey" PRIMARY KEY ("affiliate_id","effective_from")
);

-- CreateTable
CREATE TABLE "affiliate_ips" (
    "affiliate_id" TEXT NOT NULL,
    "ip_hash" BYTEA NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "affiliate_ips_pkey" PRIMARY KEY ("affiliate_id","ip_hash")
);

-- CreateTable
CREATE TABLE "ip_hash_keys" (
    "id" SERIAL NOT NULL,
    "key" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ip_hash_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "clicks" (
    "id" TEXT COLLATE "C" NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "url" TEXT,
    "referrer" TEXT,
    "user_agent" TEXT,
    "sub_id" TEXT,
    "ip_hash" BYTEA,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "clicks_pkey" PRIMARY KEY ("id")
) PARTITION BY RANGE ("id");

-- CreateTable
CREATE TABLE "click_visitors" (
    "affiliate_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "visitor_hash" BYTEA NOT NULL,

    CONSTRAINT "click_visitors_pkey" PRIMARY KEY ("affiliate_id","day","visitor_hash")
);

-- CreateTable
CREATE TABLE "click_days" (
    "affiliate_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "clicks" INTEGER NOT NULL,
    "unique_clicks" INTEGER NOT NULL,

    CONSTRAINT "click_days_pkey" PRIMARY KEY ("affiliate_id","day")
);

-- CreateTable
CREATE TABLE "attribution_decisions" (
    "id" TEXT NOT NULL,
    "referred_user_id" TEXT NOT NULL,
    "affiliate_id" TEXT,
    "code" TEXT,
    "click_id" TEXT,
    "attributed" BOOLEAN NOT NULL,
    "reason" TEXT,
    "referral_id" TEXT,
    "inputs" JSONB NOT NULL,
    "rules" JSONB NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "attribution_decisions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "referrals" (
    "id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "referred_user_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "click_id" TEXT,
    "decision_id" TEXT NOT NULL,
    "plan_version_id" TEXT NOT NULL,
    "stripe_customer_id" TEXT,
    "mrr_minor" BIGINT NOT NULL DEFAULT 0,
    "currency" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "converted_at" TIMESTAMPTZ(3),
    "churned_at" TIMESTAMPTZ(3),

    CONSTRAINT "referrals_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stripe_events" (
    "id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "api_version" TEXT,
    "account_id" TEXT,
    "livemode" BOOLEAN NOT NULL,
    "payload" JSONB NOT NULL,
    "status" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "processed_at" TIMESTAMPTZ(3),

    CONSTRAINT "stripe_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stripe_subscriptions" (
    "id" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "referred_user_id" TEXT,
    "status" TEXT NOT NULL,
    "mrr_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stripe_subscriptions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stripe_invoices" (
    "id" TEXT NOT NULL,
    "customer_id" TEXT,
    "referred_user_id" TEXT,
    "subscription_id" TEXT,
    "currency" TEXT NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "total_excluding_tax_minor" BIGINT,
    "amount_paid_minor" BIGINT NOT NULL,
    "amount_paid_off_stripe_minor" BIGINT NOT NULL,
    "paid_at" TIMESTAMPTZ(3) NOT NULL,
    "stripe_event_id" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stripe_invoices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "commissions" (
    "id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "referral_id" TEXT NOT NULL,
    "invoice_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "invoice_amount_paid_minor" BIGINT NOT NULL,
    "invoice_total_minor" BIGINT NOT NULL,
    "invoice_net_total_minor" BIGINT,
    "base_minor" BIGINT NOT NULL,
    "rate_bps" INTEGER NOT NULL,
    "rate_source" TEXT NOT NULL,
    "plan_version_id" TEXT NOT NULL,
    "invoice_paid_at" TIMESTAMPTZ(3) NOT NULL,
    "available_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "commissions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "commission_holds" (
    "commission_id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "available_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "commission_holds_pkey" PRIMARY KEY ("commission_id")
);

-- CreateTable
CREATE TABLE "journal_entries" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "unique_key" TEXT NOT NULL,
    "content_hash" BYTEA NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "commission_id" TEXT,
    "payout_id" TEXT,
    "stripe_event_id" TEXT,
    "staff_user_id" TEXT,
    "reason" TEXT,

    CONSTRAINT "journal_entries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "postings" (
    "affiliate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "entry_id" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,

    CONSTRAINT "postings_pkey" PRIMARY KEY ("affiliate_id","currency","seq")
);

-- CreateTable
CREATE TABLE "balances" (
    "affiliate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "held_minor" BIGINT NOT NULL DEFAULT 0,
    "payable_minor" BIGINT NOT NULL DEFAULT 0,
    "in_payout_minor" BIGINT NOT NULL DEFAULT 0,
    "paid_out_minor" BIGINT NOT NULL DEFAULT 0,
    "lifetime_earned_minor" BIGINT NOT NULL DEFAULT 0,
    "last_seq" BIGINT NOT NULL DEFAULT 0,
    "first_unlined_seq" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "balances_pkey" PRIMARY KEY ("affiliate_id","currency")
);

-- CreateTable
CREATE TABLE "payout_runs" (
    "id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "cut_off" TIMESTAMPTZ(3) NOT NULL,
    "status" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "payout_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payout_skips" (
    "run_id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,

    CONSTRAINT "payout_skips_pkey" PRIMARY KEY ("run_id","affiliate_id","currency")
);

-- CreateTable
CREATE TABLE "payouts" (
    "id" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "amount_reversed_minor" BIGINT NOT NULL DEFAULT 0,
    "status" TEXT NOT NULL,
    "destination" TEXT NOT NULL,
    "attempt_no" INTEGER NOT NULL DEFAULT 1,
    "sends" INTEGER NOT NULL DEFAULT 0,
    "next_try_at" TIMESTAMPTZ(3),
    "stripe_transfer_id" TEXT,
    "failure_code" TEXT,
    "failure_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "paid_at" TIMESTAMPTZ(3),

    CONSTRAINT "payouts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payout_attempts" (
    "payout_id" TEXT NOT NULL,
    "attempt_no" INTEGER NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "first_sent_at" TIMESTAMPTZ(3) NOT NULL,
    "outcome" TEXT,
    "outcome_detail" TEXT,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "payout_attempts_pkey" PRIMARY KEY ("payout_id","attempt_no")
);

-- CreateTable
CREATE TABLE "payout_lines" (
    "payout_id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "released_at" TIMESTAMPTZ(3),

    CONSTRAINT "payout_lines_pkey" PRIMARY KEY ("payout_id","seq")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "subject" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "lease_token" TEXT NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "response_status" INTEGER,
    "response_body" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("subject","method","path","key")
);

-- CreateIndex
CREATE UNIQUE INDEX "plans_name_key" ON "plans"("name");

-- CreateIndex
CREATE UNIQUE INDEX "plan_versions_plan_id_version_key" ON "plan_versions"("plan_id", "version");

-- CreateIndex
CREATE UNIQUE INDEX "affiliates_user_id_key" ON "affiliates"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "affiliates_stripe_account_id_key" ON "affiliates"("stripe_account_id");

-- CreateIndex
CREATE INDEX "affiliates_status_id_idx" ON "affiliates"("status", "id");

-- CreateIndex
CREATE INDEX "affiliate_codes_affiliate_id_idx" ON "affiliate_codes"("affiliate_id");

-- CreateIndex
CREATE INDEX "attribution_decisions_referred_user_id_id_idx" ON "attribution_decisions"("referred_user_id", "id");

-- CreateIndex
CREATE INDEX "attribution_decisions_code_id_idx" ON "attribution_decisions"("code", "id");

-- CreateIndex
CREATE INDEX "attribution_decisions_click_id_id_idx" ON "attribution_decisions"("click_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "referrals_referred_user_id_key" ON "referrals"("referred_user_id");

-- CreateIndex
CREATE UNIQUE INDEX "referrals_stripe_customer_id_key" ON "referrals"("stripe_customer_id");

-- CreateIndex
CREATE INDEX "referrals_affiliate_id_id_idx" ON "referrals"("affiliate_id", "id");

-- CreateIndex
CREATE INDEX "referrals_affiliate_id_occurred_at_idx" ON "referrals"("affiliate_id", "occurred_at");

-- CreateIndex
CREATE INDEX "referrals_affiliate_id_converted_at_idx" ON "referrals"("affiliate_id", "converted_at");

-- CreateIndex
CREATE INDEX "referrals_status_id_idx" ON "referrals"("status", "id");

-- CreateIndex
CREATE INDEX "stripe_events_status_received_at_idx" ON "stripe_events"("status", "received_at");

-- CreateIndex
CREATE INDEX "stripe_subscriptions_customer_id_idx" ON "stripe_subscriptions"("customer_id");

-- CreateIndex
CREATE INDEX "stripe_subscriptions_referred_user_id_idx" ON "stripe_subscriptions"("referred_user_id");

-- CreateIndex
CREATE INDEX "stripe_invoices_customer_id_paid_at_idx" ON "stripe_invoices"("customer_id", "paid_at");

-- CreateIndex
CREATE INDEX "stripe_invoices_referred_user_id_paid_at_idx" ON "stripe_invoices"("referred_user_id", "paid_at");

-- CreateIndex
CREATE UNIQUE INDEX "commissions_invoice_id_key" ON "commissions"("invoice_id");

-- CreateIndex
CREATE INDEX "commissions_affiliate_id_id_idx" ON "commissions"("affiliate_id", "id");

-- CreateIndex
CREATE INDEX "commissions_referral_id_id_idx" ON "commissions"("referral_id", "id");

-- CreateIndex
CREATE INDEX "commission_holds_available_at_idx" ON "commission_holds"("available_at");

-- CreateIndex
CREATE UNIQUE INDEX "journal_entries_unique_key_key" ON "journal_entries"("unique_key");

-- CreateIndex
CREATE INDEX "journal_entries_commission_id_idx" ON "journal_entries"("commission_id");

-- CreateIndex
CREATE INDEX "journal_entries_payout_id_idx" ON "journal_entries"("payout_id");

-- CreateIndex
CREATE INDEX "postings_entry_id_idx" ON "postings"("entry_id");

-- CreateIndex
CREATE UNIQUE INDEX "payout_runs_period_key" ON "payout_runs"("period");

-- CreateIndex
CREATE UNIQUE INDEX "payouts_stripe_transfer_id_key" ON "payouts"("stripe_transfer_id");

-- CreateIndex
CREATE INDEX "payouts_affiliate_id_id_idx" ON "payouts"("affiliate_id", "id");

-- CreateIndex
CREATE INDEX "payouts_run_id_status_id_idx" ON "payouts"("run_id", "status", "id");

-- CreateIndex
CREATE UNIQUE INDEX "payout_attempts_idempotency_key_key" ON "payout_attempts"("idempotency_key");

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- AddForeignKey
ALTER TABLE "plan_versions" ADD CONSTRAINT "plan_versions_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "plans"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "affiliates" ADD CONSTRAINT "affiliates_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "plans"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "affiliate_codes" ADD CONSTRAINT "affiliate_codes_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "affiliate_rates" ADD CONSTRAINT "affiliate_rates_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "referrals" ADD CONSTRAINT "referrals_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "referrals" ADD CONSTRAINT "referrals_plan_version_id_fkey" FOREIGN KEY ("plan_version_id") REFERENCES "plan_versions"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "commissions" ADD CONSTRAINT "commissions_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "commissions" ADD CONSTRAINT "commissions_referral_id_fkey" FOREIGN KEY ("referral_id") REFERENCES "referrals"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "commissions" ADD CONSTRAINT "commissions_plan_version_id_fkey" FOREIGN KEY ("plan_version_id") REFERENCES "plan_versions"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "postings" ADD CONSTRAINT "postings_entry_id_fkey" FOREIGN KEY ("entry_id") REFERENCES "journal_entries"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "balances" ADD CONSTRAINT "balances_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payout_skips" ADD CONSTRAINT "payout_skips_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "payout_runs"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payouts" ADD CONSTRAINT "payouts_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "payout_runs"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payouts" ADD CONSTRAINT "payouts_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "payout_attempts" ADD CONSTRAINT "payout_attempts_payout_id_fkey" FOREIGN KEY ("payout_id") REFERENCES "payouts"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- ---------------------------------------------------------------------------------------------------------------
-- Values a column may hold. Text with CHECK instead of enums: raw SQL stays free of casts.
-- ---------------------------------------------------------------------------------------------------------------
ALTER TABLE "installation" ADD CONSTRAINT "installation_single_row" CHECK ("id" = 1);
ALTER TABLE "plan_versions"
  ADD CONSTRAINT "plan_versions_rate_bps" CHECK ("rate_bps" BETWEEN 0 AND 10000),
  ADD CONSTRAINT "plan_versions_hold_days" CHECK ("hold_days" BETWEEN 0 AND 365),
  ADD CONSTRAINT "plan_versions_duration_months" CHECK ("duration_months" > 0);
ALTER TABLE "affiliates" ADD CONSTRAINT "affiliates_status" CHECK ("status" IN ('pending', 'active', 'suspended'));
ALTER TABLE "affiliate_codes" ADD CONSTRAINT "affiliate_codes_code" CHECK ("code" ~ '^[A-Z0-9-]{3,32}$');
ALTER TABLE "affiliate_rates" ADD CONSTRAINT "affiliate_rates_rate_bps" CHECK ("rate_bps" BETWEEN 0 AND 10000);
ALTER TABLE "referrals" ADD CONSTRAINT "referrals_status" CHECK ("status" IN ('trial', 'paid', 'churned'));
ALTER TABLE "stripe_events"
  ADD CONSTRAINT "stripe_events_status" CHECK ("status" IN ('pending', 'processed', 'ignored', 'parked', 'failed'));
ALTER TABLE "commissions"
  ADD CONSTRAINT "commissions_amount" CHECK ("amount_minor" > 0 AND "amount_minor" <= "base_minor"),
  ADD CONSTRAINT "commissions_rate_source" CHECK ("rate_source" IN ('affiliate', 'plan'));
ALTER TABLE "journal_entries" ADD CONSTRAINT "journal_entries_kind" CHECK ("kind" IN (
  'commission_earned', 'commission_released', 'commission_held', 'commission_reversed', 'commission_restored',
  'payout_reserved', 'payout_paid', 'payout_returned', 'payout_reversed', 'adjustment'));
ALTER TABLE "postings"
  ADD CONSTRAINT "postings_account" CHECK ("account" IN ('commission_expense', 'held', 'payable', 'in_payout', 'paid_out')),
  ADD CONSTRAINT "postings_amount" CHECK ("amount_minor" <> 0);
ALTER TABLE "payout_runs"
  ADD CONSTRAINT "payout_runs_period" CHECK ("period" ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  ADD CONSTRAINT "payout_runs_status" CHECK ("status" IN
    ('reserving', 'awaiting_approval', 'sending', 'waiting_for_funds', 'completed', 'canceled'));
ALTER TABLE "payouts"
  ADD CONSTRAINT "payouts_amount" CHECK ("amount_minor" > 0),
  ADD CONSTRAINT "payouts_status" CHECK ("status" IN ('pending', 'paid', 'failed', 'canceled', 'reversed'));

-- ---------------------------------------------------------------------------------------------------------------
-- Uniqueness that holds only for some rows.
-- ---------------------------------------------------------------------------------------------------------------
-- An affiliate has one current code beside any number of aliases.
CREATE UNIQUE INDEX "affiliate_codes_one_current" ON "affiliate_codes" ("affiliate_id") WHERE "is_current";
-- The database itself forbids paying a posting twice: at most one live line per payable posting.
CREATE UNIQUE INDEX "payout_lines_one_live" ON "payout_lines" ("affiliate_id", "currency", "seq") WHERE "released_at" IS NULL;
-- One payout that stands per run, affiliate and currency; a retry of a failed one is a new row.
CREATE UNIQUE INDEX "payouts_one_standing" ON "payouts" ("run_id", "affiliate_id", "currency") WHERE "status" IN ('pending', 'paid');

-- ---------------------------------------------------------------------------------------------------------------
-- The journal is append-only and every entry sums to zero. ENABLE ALWAYS: also for replication roles.
-- ---------------------------------------------------------------------------------------------------------------
CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused; post an opposite entry instead', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER "journal_entries_append_only" BEFORE UPDATE OR DELETE ON "journal_entries"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "journal_entries_no_truncate" BEFORE TRUNCATE ON "journal_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "postings_append_only" BEFORE UPDATE OR DELETE ON "postings"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "postings_no_truncate" BEFORE TRUNCATE ON "postings"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
ALTER TABLE "journal_entries" ENABLE ALWAYS TRIGGER "journal_entries_append_only";
ALTER TABLE "journal_entries" ENABLE ALWAYS TRIGGER "journal_entries_no_truncate";
ALTER TABLE "postings" ENABLE ALWAYS TRIGGER "postings_append_only";
ALTER TABLE "postings" ENABLE ALWAYS TRIGGER "postings_no_truncate";

-- All postings of an entry are inserted by one statement, so a statement-level check sees each entry whole. It
-- costs one aggregate per statement instead of one query per row.
CREATE FUNCTION "check_postings_balance"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE unbalanced text;
BEGIN
  SELECT "entry_id" INTO unbalanced FROM "inserted"
    GROUP BY "entry_id", "currency" HAVING sum("amount_minor") <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'postings of entry % do not sum to zero', unbalanced USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "postings_zero_sum" AFTER INSERT ON "postings"
  REFERENCING NEW TABLE AS "inserted" FOR EACH STATEMENT EXECUTE FUNCTION "check_postings_balance"();
ALTER TABLE "postings" ENABLE ALWAYS TRIGGER "postings_zero_sum";

-- ---------------------------------------------------------------------------------------------------------------
-- Click partitions. The app's role owns no table, so it asks this function, which runs as the owner. A range of ids
-- is a range of time; the bounds come from the app, which knows how ids are made.
-- ---------------------------------------------------------------------------------------------------------------
CREATE FUNCTION "create_click_partition"("month" text, "from_id" text, "to_id" text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF "month" !~ '^[0-9]{4}_[0-9]{2}$' OR "from_id" !~ '^clk_[0-9a-z]{26}$' OR "to_id" !~ '^clk_[0-9a-z]{26}$' THEN
    RAISE EXCEPTION 'not a month of clicks: %', "month" USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('create_click_partition', 0));
  IF to_regclass(format('public.clicks_%s', "month")) IS NULL THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF "clicks" FOR VALUES FROM (%L) TO (%L)',
      'clicks_' || "month", "from_id", "to_id");
  END IF;
END $$;

-- ---------------------------------------------------------------------------------------------------------------
-- Every instance caches code -> affiliate for the redirect; a change of either is told to all of them.
-- ---------------------------------------------------------------------------------------------------------------
CREATE FUNCTION "notify_code_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'affiliate_codes' THEN
    PERFORM pg_notify('affiliate_code_changed', NEW."code");
  ELSE
    PERFORM pg_notify('affiliate_code_changed', "code") FROM "affiliate_codes" WHERE "affiliate_id" = NEW."id";
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "affiliate_codes_changed" AFTER INSERT OR UPDATE ON "affiliate_codes"
  FOR EACH ROW EXECUTE FUNCTION "notify_code_changed"();
CREATE TRIGGER "affiliates_status_changed" AFTER UPDATE OF "status" ON "affiliates"
  FOR EACH ROW WHEN (OLD."status" IS DISTINCT FROM NEW."status") EXECUTE FUNCTION "notify_code_changed"();

-- ---------------------------------------------------------------------------------------------------------------
-- A fresh database has one plan: 20 %, for life, no hold. In force since ever, so that no sale falls before it.
-- ---------------------------------------------------------------------------------------------------------------
INSERT INTO "plans" ("id", "name", "created_at") VALUES ('pln_default', 'default', now());
INSERT INTO "plan_versions" ("id", "plan_id", "version", "rate_bps", "duration_months", "hold_days", "effective_from", "created_at")
  VALUES ('plv_default', 'pln_default', 1, 2000, NULL, 0, '1970-01-01T00:00:00Z', now());
