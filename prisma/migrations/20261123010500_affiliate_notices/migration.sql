-- Some things only the affiliate can mend: a bank that sent the money back, an account that Stripe has paused. What it
-- must be told is kept here, once each, for the API, the dashboard and, later, e-mails and outgoing webhooks.

-- CreateTable
CREATE TABLE "affiliate_notices" (
    "id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "details" JSONB NOT NULL,
    "unique_key" TEXT NOT NULL,
    "stripe_event_id" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "affiliate_notices_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "affiliate_notices_unique_key_key" ON "affiliate_notices"("unique_key");

-- CreateIndex
CREATE INDEX "affiliate_notices_affiliate_id_id_idx" ON "affiliate_notices"("affiliate_id", "id");

-- AddForeignKey
ALTER TABLE "affiliate_notices" ADD CONSTRAINT "affiliate_notices_affiliate_id_fkey" FOREIGN KEY ("affiliate_id") REFERENCES "affiliates"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
