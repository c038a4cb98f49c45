-- The host lets affiliates into the dashboard by links that work once, and a session ends on every instance the moment its
-- affiliate is suspended: so both lie in the database. Only hashes are kept: whoever reads the tables cannot become
-- somebody.

-- CreateTable
CREATE TABLE "dashboard_links" (
    "token_hash" BYTEA NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "dashboard_links_pkey" PRIMARY KEY ("token_hash")
);

-- CreateTable
CREATE TABLE "dashboard_sessions" (
    "token_hash" BYTEA NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "suspended_at" TIMESTAMPTZ(3),

    CONSTRAINT "dashboard_sessions_pkey" PRIMARY KEY ("token_hash")
);

-- CreateIndex
CREATE INDEX "dashboard_links_affiliate_id_idx" ON "dashboard_links"("affiliate_id");

-- CreateIndex
CREATE INDEX "dashboard_links_expires_at_idx" ON "dashboard_links"("expires_at");

-- CreateIndex
CREATE INDEX "dashboard_sessions_affiliate_id_idx" ON "dashboard_sessions"("affiliate_id");

-- CreateIndex
CREATE INDEX "dashboard_sessions_expires_at_idx" ON "dashboard_sessions"("expires_at");

-- AddForeignKey
ALTER TABLE "dashboard_links" ADD CONSTRAINT "dashboard_links_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "dashboard_sessions" ADD CONSTRAINT "dashboard_sessions_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
