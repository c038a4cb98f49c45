-- The panel looked for a part of a name, which reads names until it has a page, and all of them where there is none. It looks for
-- names by the beginnings of their words now ("joh smi"), which PostgreSQL's own text index finds, without an extension.

-- The panel's filter and search of affiliates: by their name's words, or by their e-mail address.
CREATE INDEX "affiliates_name_words" ON "affiliates" USING GIN (to_tsvector('simple', "name"));
CREATE INDEX "affiliates_email" ON "affiliates" (lower("email"));

-- The panel's filter of promotion codes, by how they begin.
CREATE INDEX "promotion_codes_code_begins" ON "promotion_codes" (upper("code") text_pattern_ops);
