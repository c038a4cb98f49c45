-- Affiliates are written to by e-mail. Each e-mail is a row before it leaves, unique by affiliate, occasion and subject: so
-- whoever finds a reason twice writes once, a process that dies leaves an intent that another one takes up, and what could
-- not be delivered is seen. The row names no person: the address is read from the affiliate when the e-mail is sent.

-- CreateTable
CREATE TABLE "emails" (
    "id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "occasion" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "is_bulk" BOOLEAN NOT NULL,
    "status" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_try_at" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "dropped_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "emails_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "email_preferences" (
    "affiliate_id" TEXT NOT NULL,
    "locale" TEXT,
    "switched_off" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "email_preferences_pkey" PRIMARY KEY ("affiliate_id")
);

-- CreateTable
CREATE TABLE "email_switch" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "on_since" TIMESTAMPTZ(3),

    CONSTRAINT "email_switch_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "email_runs" (
    "run_id" TEXT NOT NULL,
    "after_affiliate_id" TEXT NOT NULL DEFAULT '',
    "completed_at" TIMESTAMPTZ(3),

    CONSTRAINT "email_runs_pkey" PRIMARY KEY ("run_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "emails_affiliate_id_occasion_subject_id_key" ON "emails"("affiliate_id", "occasion", "subject_id");

-- CreateIndex
CREATE INDEX "emails_status_id_idx" ON "emails"("status", "id");

-- AddForeignKey
ALTER TABLE "emails" ADD CONSTRAINT "emails_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "email_preferences" ADD CONSTRAINT "email_preferences_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "email_runs" ADD CONSTRAINT "email_runs_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "payout_runs"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- What is to be sent next: of those that are due, the ones that are not sent to everybody at once come first.
CREATE INDEX "emails_due" ON "emails" ("is_bulk", "next_try_at", "id") WHERE "status" IN ('queued', 'sending');

ALTER TABLE "emails"
  ADD CONSTRAINT "emails_status" CHECK ("status" IN ('queued', 'sending', 'sent', 'failed', 'dropped')),
  ADD CONSTRAINT "emails_ended" CHECK (("status" IN ('queued', 'sending')) = ("ended_at" IS NULL)),
  ADD CONSTRAINT "emails_due_while_open" CHECK (("status" IN ('queued', 'sending')) = ("next_try_at" IS NOT NULL)),
  ADD CONSTRAINT "emails_dropped" CHECK (("status" = 'dropped') = ("dropped_reason" IS NOT NULL));

ALTER TABLE "email_switch" ADD CONSTRAINT "email_switch_one_row" CHECK ("id" = 1);
