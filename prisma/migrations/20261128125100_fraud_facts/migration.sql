-- The fraud rules compare people: who signed up with whose e-mail, whose card pays, whose bank account is paid. What they
-- need is kept as facts: e-mails as keyed hashes only, cards and bank accounts as the fingerprints that Stripe gives them.

-- One row: without the key nobody can try out whose e-mail a hash stands for. Not replaced: two signups of one person may
-- lie years apart.
CREATE TABLE "email_hash_key" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "key" BYTEA NOT NULL,

    CONSTRAINT "email_hash_key_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "email_hash_key_one" CHECK ("id" = 1)
);

-- CreateTable
CREATE TABLE "referral_emails" (
    "referral_id" TEXT NOT NULL,
    "affiliate_id" TEXT NOT NULL,
    "email_hash" BYTEA NOT NULL,
    "domain" TEXT,
    "matching_affiliate_id" TEXT,

    CONSTRAINT "referral_emails_pkey" PRIMARY KEY ("referral_id")
);

-- Signups with the same e-mail.
CREATE INDEX "referral_emails_email_hash_idx" ON "referral_emails"("email_hash");

-- What an affiliate's new signups have in common with others.
CREATE INDEX "referral_emails_affiliate_id_referral_id_idx" ON "referral_emails"("affiliate_id", "referral_id");

-- AddForeignKey
ALTER TABLE "referral_emails" ADD CONSTRAINT "referral_emails_referral_id_fkey" FOREIGN KEY ("referral_id") REFERENCES "referrals"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- Whether a signup's e-mail, with dots and tags dropped, is an affiliate's. The expression is that of the query.
CREATE INDEX "affiliates_strict_email" ON "affiliates"
  ((replace(split_part("email_normalized", '@', 1), '.', '') || '@' || split_part("email_normalized", '@', 2)));

-- CreateTable
CREATE TABLE "customer_payment_methods" (
    "customer_id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "customer_payment_methods_pkey" PRIMARY KEY ("customer_id", "fingerprint")
);

-- Whose card or bank account it is that an affiliate is paid to.
CREATE INDEX "customer_payment_methods_fingerprint_idx" ON "customer_payment_methods"("fingerprint");

-- CreateTable
CREATE TABLE "account_payout_methods" (
    "account_id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_payout_methods_pkey" PRIMARY KEY ("account_id", "fingerprint")
);

-- Who else is paid to the same bank account or card.
CREATE INDEX "account_payout_methods_fingerprint_idx" ON "account_payout_methods"("fingerprint");

-- A list of what happened to whom, for the rules to look at soon: written with the fact, emptied by its reader. It has no
-- index and no key, so writers have nothing to wait for.
CREATE TABLE "fraud_news" (
    "affiliate_id" TEXT NOT NULL,
    "news" TEXT NOT NULL
);
