-- The preview of a run reads what is held in batches of balances: without this index each batch would read every hold.
CREATE INDEX "commission_holds_affiliate_id_currency_idx" ON "commission_holds" ("affiliate_id", "currency");
