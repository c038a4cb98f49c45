-- A list of commissions goes by their ids, which tell when they were made, and may ask for a range of time in which invoices
-- were paid. Nearly always that is the same, so a range of ids holds them (src/commissions/paid-within.ts). What is not, since
-- the invoice was heard of late or its referral was reported late, is found here; without it a list `to` a day long ago would
-- have to pass by everything that came since.

-- GET /v1/commissions?affiliateId=&from=&to=
CREATE INDEX "commissions_untimely" ON "commissions" ("affiliate_id", "id")
  WHERE "created_at" - "invoice_paid_at" NOT BETWEEN interval '0' AND interval '1 hour';
