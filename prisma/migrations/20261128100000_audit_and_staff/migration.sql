-- Staff decide about other people's money. Who did what, and why, is written down in the same transaction, can never be
-- changed, and is sealed in the same hash chain as the journal. With it the staff users themselves, and what is needed
-- to make guessing their passwords expensive, however many instances are asked.

-- CreateTable
CREATE TABLE "audit_log" (
    "id" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject_type" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "reason" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "staff_users" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "totp_secret" BYTEA,
    "totp_enabled" BOOLEAN NOT NULL DEFAULT false,
    "totp_last_step" BIGINT,
    "session_version" INTEGER NOT NULL DEFAULT 1,
    "deactivated_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "staff_users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "staff_known_ips" (
    "staff_user_id" TEXT NOT NULL,
    "ip_hash" BYTEA NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "staff_known_ips_pkey" PRIMARY KEY ("staff_user_id","ip_hash")
);

-- CreateTable
CREATE TABLE "staff_login_tries" (
    "id" BIGSERIAL NOT NULL,
    "account_hash" BYTEA NOT NULL,
    "ip_hash" BYTEA NOT NULL,
    "tried_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "staff_login_tries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_log_subject_type_subject_id_id_idx" ON "audit_log"("subject_type", "subject_id", "id");

-- CreateIndex
CREATE INDEX "audit_log_actor_id_id_idx" ON "audit_log"("actor_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "staff_users_email_key" ON "staff_users"("email");

-- CreateIndex
CREATE INDEX "staff_login_tries_account_hash_tried_at_idx" ON "staff_login_tries"("account_hash", "tried_at");

-- CreateIndex
CREATE INDEX "staff_login_tries_ip_hash_tried_at_idx" ON "staff_login_tries"("ip_hash", "tried_at");

-- CreateIndex
CREATE INDEX "staff_login_tries_tried_at_idx" ON "staff_login_tries"("tried_at");

-- AddForeignKey
ALTER TABLE "staff_known_ips" ADD CONSTRAINT "staff_known_ips_staff_user_id_fkey" FOREIGN KEY ("staff_user_id") REFERENCES "staff_users"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- ---------------------------------------------------------------------------------------------------------------
-- Values a column may hold. A person always says why; a job and the command line need not. A JSON null would be sealed
-- like no value at all.
-- ---------------------------------------------------------------------------------------------------------------
ALTER TABLE "audit_log"
  ADD CONSTRAINT "audit_log_action" CHECK ("action" ~ '^[a-z_]+\.[a-z_]+$'),
  ADD CONSTRAINT "audit_log_before" CHECK (jsonb_typeof("before") = 'object'),
  ADD CONSTRAINT "audit_log_after" CHECK (jsonb_typeof("after") = 'object'),
  ADD CONSTRAINT "audit_log_reason" CHECK (btrim("reason") <> '' OR "actor_id" IN ('operator', 'system'));
ALTER TABLE "staff_users"
  ADD CONSTRAINT "staff_users_role" CHECK ("role" IN ('viewer', 'reviewer', 'finance', 'admin')),
  ADD CONSTRAINT "staff_users_email" CHECK ("email" = lower(btrim("email"))),
  ADD CONSTRAINT "staff_users_totp" CHECK (NOT "totp_enabled" OR "totp_secret" IS NOT NULL);

-- ---------------------------------------------------------------------------------------------------------------
-- The audit log is as append-only as the journal, and is sealed with it. ENABLE ALWAYS: also for replication roles.
-- ---------------------------------------------------------------------------------------------------------------
CREATE TRIGGER "audit_log_append_only" BEFORE UPDATE OR DELETE ON "audit_log"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "audit_log_no_truncate" BEFORE TRUNCATE ON "audit_log"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
ALTER TABLE "audit_log" ENABLE ALWAYS TRIGGER "audit_log_append_only";
ALTER TABLE "audit_log" ENABLE ALWAYS TRIGGER "audit_log_no_truncate";

CREATE TRIGGER "audit_log_queue_for_seal" AFTER INSERT ON "audit_log"
  REFERENCING NEW TABLE AS "inserted" FOR EACH STATEMENT EXECUTE FUNCTION "queue_for_seal"();
