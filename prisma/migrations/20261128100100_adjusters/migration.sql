-- Whoever adjusted a balance cannot alone approve the run that pays it. So at each approval the adjustments of one staff
-- user are looked up, among millions of entries that are none: they are few, and no other entry pays for this index.
CREATE INDEX "journal_entries_adjustments_by_staff" ON "journal_entries" ("staff_user_id") WHERE "kind" = 'adjustment';
