-- A checkout session or a new customer may be the only place that names the host's user. Kept, so that the invoices of
-- such a customer earn whichever comes first: the session, the invoice or the report of the signup.
CREATE TABLE "stripe_customers" (
    "id" TEXT NOT NULL,
    "referred_user_id" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stripe_customers_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "stripe_customers_referred_user_id_idx" ON "stripe_customers"("referred_user_id");
ALTER TABLE "stripe_customers" ADD CONSTRAINT "stripe_customers_source" CHECK ("source" IN ('metadata', 'checkout'));
