-- Rules judge affiliates by themselves, each with settings of its own. What they find is told once, until it gets worse
-- (`level`), and staff can allow a pair for good.
-- What happened to cases is written down for the host, with the fact.

-- AlterTable
ALTER TABLE "review_signals"
  ADD COLUMN "level" INTEGER NOT NULL DEFAULT 0,
  DROP CONSTRAINT "review_signals_pkey",
  ADD CONSTRAINT "review_signals_pkey" PRIMARY KEY ("case_id", "key", "level");

-- GET /v1/review-cases?affiliateId=, ?status= and ?rule=, newest first.
CREATE INDEX "review_cases_affiliate_id_id_idx" ON "review_cases"("affiliate_id", "id");
CREATE INDEX "review_cases_status_id_idx" ON "review_cases"("status", "id");
CREATE INDEX "review_cases_rule_id_idx" ON "review_cases"("rule", "id");

-- CreateTable
CREATE TABLE "review_whitelist" (
    "affiliate_id" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    -- Empty: whatever the rule finds about this affiliate.
    "subject" TEXT NOT NULL,
    "staff_user_id" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "review_whitelist_pkey" PRIMARY KEY ("affiliate_id", "rule", "subject")
);

-- AddForeignKey
ALTER TABLE "review_whitelist" ADD CONSTRAINT "review_whitelist_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- CreateTable
CREATE TABLE "fraud_rule_settings" (
    "rule" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "thresholds" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_by" TEXT NOT NULL,

    CONSTRAINT "fraud_rule_settings_pkey" PRIMARY KEY ("rule"),
    CONSTRAINT "fraud_rule_settings_mode" CHECK ("mode" IN ('off', 'flag', 'hold', 'refuse'))
);

-- One row: when all rules were last asked about all affiliates.
CREATE TABLE "fraud_evaluation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "completed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "fraud_evaluation_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "fraud_evaluation_one" CHECK ("id" = 1)
);

-- Read in the order of the sequence.
CREATE TABLE "domain_events" (
    "id" TEXT NOT NULL,
    "sequence" BIGSERIAL NOT NULL,
    "type" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "domain_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "domain_events_sequence_key" ON "domain_events"("sequence");
