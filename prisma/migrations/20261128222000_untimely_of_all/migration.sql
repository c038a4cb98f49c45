-- GET /v1/commissions?from=&to= of all affiliates looks for what was not made when its invoice was paid by the order of ids: through
-- every commission outside the range, since the index that knows the few begins with the affiliate.
CREATE INDEX "commissions_untimely_of_all" ON "commissions" ("id")
  WHERE "created_at" - "invoice_paid_at" NOT BETWEEN interval '0' AND interval '1 hour';
