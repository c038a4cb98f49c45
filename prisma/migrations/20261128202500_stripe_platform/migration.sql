-- To a key of another Stripe platform every connected account is one that was disconnected, so a mistaken key would have
-- every payout cancelled. The platform of the first key is kept, and nothing is asked of Stripe under another one's.
ALTER TABLE "installation" ADD COLUMN "stripe_platform_id" TEXT;
