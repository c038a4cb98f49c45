-- Staff stay logged in to the admin panel on any instance, and a session can be ended by anybody who may: so sessions
-- lie in the database. Only a hash of what the browser holds is kept: whoever reads the table cannot become somebody.

-- CreateTable
CREATE TABLE "staff_sessions" (
    "token_hash" BYTEA NOT NULL,
    "staff_user_id" TEXT NOT NULL,
    "session_version" INTEGER NOT NULL,
    "role" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "staff_sessions_pkey" PRIMARY KEY ("token_hash")
);

-- CreateIndex
CREATE INDEX "staff_sessions_last_seen_at_idx" ON "staff_sessions"("last_seen_at");

-- AddForeignKey
ALTER TABLE "staff_sessions" ADD CONSTRAINT "staff_sessions_staff_user_id_fkey" FOREIGN KEY ("staff_user_id") REFERENCES "staff_users"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
