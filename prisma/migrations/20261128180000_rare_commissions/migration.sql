-- A commission's state is stored nowhere, so a list of one that few commissions have would work out that of all of them. Of an
-- affiliate's, the candidates are found by what a state leaves behind (src/commissions/state-candidates.ts); what a
-- reversal leaves behind is its entry, and those are few.

-- GET /v1/commissions?affiliateId=&state=reversed
CREATE INDEX "journal_entries_reversals" ON "journal_entries" ("affiliate_id", "commission_id") WHERE "kind" = 'commission_reversed';
