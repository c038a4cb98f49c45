-- Refunds, disputes and credit notes as facts beside the invoices they take from, and the way from a payment to its
-- invoices, which Stripe's refunds and disputes no longer name. Reversals are worked out from these, in any order.
CREATE TABLE "stripe_invoice_payments" (
    "id" TEXT NOT NULL,
    "invoice_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "status" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stripe_invoice_payments_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "stripe_invoice_payments_payment_id_idx" ON "stripe_invoice_payments"("payment_id");
CREATE INDEX "stripe_invoice_payments_invoice_id_idx" ON "stripe_invoice_payments"("invoice_id");

CREATE TABLE "stripe_losses" (
    "id" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "payment_id" TEXT,
    "invoice_id" TEXT,
    "currency" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "status" TEXT NOT NULL,
    "stripe_event_id" TEXT,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stripe_losses_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "stripe_losses_payment_id_idx" ON "stripe_losses"("payment_id");
CREATE INDEX "stripe_losses_invoice_id_idx" ON "stripe_losses"("invoice_id");

ALTER TABLE "stripe_losses"
  ADD CONSTRAINT "stripe_losses_source" CHECK ("source" IN ('refund', 'dispute', 'credit_note')),
  ADD CONSTRAINT "stripe_losses_amount" CHECK ("amount_minor" >= 0),
  ADD CONSTRAINT "stripe_losses_of_one" CHECK (("payment_id" IS NULL) <> ("invoice_id" IS NULL));

ALTER TABLE "commission_holds" ADD COLUMN "inquiry_open" BOOLEAN NOT NULL DEFAULT false;
