-- Money can depend on a person: what no rule may decide alone waits in a review case, and while a holding one is open
-- its affiliate is not paid. A case gathers signals, so that many findings of one rule are one question to staff.

-- CreateTable
CREATE TABLE "review_cases" (
    "id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "holds" BOOLEAN NOT NULL,
    "status" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "decided_by" TEXT,
    "reason" TEXT,

    CONSTRAINT "review_cases_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review_signals" (
    "case_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "summary" TEXT NOT NULL,
    "evidence" JSONB NOT NULL,
    "stripe_event_id" TEXT,
    "found_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "review_signals_pkey" PRIMARY KEY ("case_id","key")
);

-- CreateIndex
CREATE INDEX "review_cases_affiliate_id_rule_idx" ON "review_cases"("affiliate_id", "rule");

-- AddForeignKey
ALTER TABLE "review_cases" ADD CONSTRAINT "review_cases_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "review_signals" ADD CONSTRAINT "review_signals_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "review_cases"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- A decision is whole or not there: who, when and why.
ALTER TABLE "review_cases"
  ADD CONSTRAINT "review_cases_status" CHECK ("status" IN ('open', 'approved', 'rejected')),
  ADD CONSTRAINT "review_cases_decision" CHECK (
    CASE WHEN "status" = 'open' THEN num_nonnulls("closed_at", "decided_by", "reason") = 0
         ELSE num_nonnulls("closed_at", "decided_by", "reason") = 3 AND btrim("reason") <> '' END);

-- One open case per affiliate and rule. Also what payouts and releases ask: has this affiliate a holding case?
CREATE UNIQUE INDEX "review_cases_one_open" ON "review_cases" ("affiliate_id", "rule") WHERE "status" = 'open';
