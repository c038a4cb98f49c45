import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { PLAIN_CLICKS } from '../baselines/plain-redirect.js';

/** The affiliates' codes, which are the same for whoever is measured. */
export function codesOf(affiliates: number): string[] {
  return Array.from({ length: affiliates }, (_, n) => `CODE-${n + 1}`);
}

/**
 * The same affiliates and referred customers for the product, for the tutorial build and for the plain tables, all in one
 * database: `customers` referrals, spread over the affiliates, each bound to its customer at Stripe.
 */
export async function seedCustomers(admin: pg.Client, affiliates: number, customers: number): Promise<void> {
  const since = `now() - interval '60 days'`;
  await admin.query(`
    INSERT INTO affiliates (id, user_id, name, country, status, plan_id, created_at)
    SELECT 'aff_01' || lpad(a::text, 24, '0'), 'user-' || a, 'Affiliate ' || a, 'US', 'active', 'pln_default', ${since}
    FROM generate_series(1, ${affiliates}) a`);
  await admin.query(`
    INSERT INTO affiliate_codes (code, affiliate_id, is_current, created_at)
    SELECT 'CODE-' || a, 'aff_01' || lpad(a::text, 24, '0'), TRUE, ${since} FROM generate_series(1, ${affiliates}) a`);
  await admin.query(`
    INSERT INTO referrals (id, affiliate_id, referred_user_id, status, decision_id, plan_version_id, stripe_customer_id, occurred_at, created_at)
    SELECT 'ref_01' || lpad(c::text, 24, '0'), 'aff_01' || lpad((c % ${affiliates} + 1)::text, 24, '0'), 'customer-' || c, 'trial',
           'dec_01' || lpad(c::text, 24, '0'), 'plv_default', 'cus_' || c, ${since}, ${since}
    FROM generate_series(1, ${customers}) c`);
  await admin.query(PLAIN_CLICKS);
  await admin.query('GRANT ALL ON plain_clicks TO PUBLIC');
  await seedTutorial(admin, affiliates, customers);
}

async function seedTutorial(admin: pg.Client, affiliates: number, customers: number): Promise<void> {
  await admin.query(readFileSync(join(import.meta.dirname, '..', 'baselines', 'tutorial', 'tables.sql'), 'utf8'));
  await admin.query(`
    INSERT INTO "Affiliate" ("id", "userId", "email", "code")
    SELECT 'a' || a, 'user-' || a, 'affiliate-' || a || '@example.org', 'CODE-' || a FROM generate_series(1, ${affiliates}) a`);
  await admin.query(`
    INSERT INTO "Referral" ("id", "affiliateId", "userId", "stripeCustomerId")
    SELECT 'r' || c, 'a' || (c % ${affiliates} + 1), 'customer-' || c, 'cus_' || c FROM generate_series(1, ${customers}) c`);
  await admin.query('GRANT ALL ON "Affiliate", "Click", "Referral", "Commission", "ReviewCase" TO PUBLIC');
}
