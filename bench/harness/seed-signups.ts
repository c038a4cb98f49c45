import type pg from 'pg';
import { withoutIndexes } from './without-indexes.js';

export interface SignupShape {
  affiliates: number;
  referralsPerAffiliate: number;
  /** Days on which each affiliate had clicks. */
  clickDays: number;
  clicksPerAffiliate: number;
  commissionsPerAffiliate: number;
  /** Of so many affiliates, one is suspicious to each rule over affiliates. */
  onePer: number;
}

/** The moment that the rules are asked at. */
const ASKED_AT = new Date('2026-12-01T04:00:00Z');

const SEEDED_TABLES = ['click_days', 'commissions', 'stripe_invoice_payments', 'stripe_losses'];

/** SQL for an id of the product's form, made at `ms` (see ids.ts): Crockford's base 32, the time in the first ten digits. */
const ID_FUNCTION = `
  CREATE FUNCTION bench_id(prefix text, at timestamptz, number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT prefix || '_' || (
      SELECT string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', ((ms >> (5 * digit)) & 31)::int + 1, 1), '' ORDER BY digit DESC)
      FROM (SELECT (extract(epoch FROM at) * 1000)::bigint AS ms) t, generate_series(0, 9) digit
    ) || lpad(number::text, 16, '0') $$`;

const AT = `'${ASKED_AT.toISOString()}'::timestamptz`;
const AFFILIATE = `('aff_01' || lpad(a::text, 24, '0'))`;

/**
 * Affiliates with a life of their own: clicks on many days, signups over two months, e-mails, sales and refunds. One of
 * `onePer` does what each of the rules looks for; samples are set to what the seed has.
 */
export async function seedSignups(admin: pg.Client, shape: SignupShape): Promise<void> {
  await admin.query(ID_FUNCTION);
  // Who a row points to is certain here, and looking it up would be most of the work.
  await admin.query(`SET session_replication_role = replica`);
  await admin.query(`
    INSERT INTO affiliates (id, user_id, name, email, email_normalized, country, status, plan_id, created_at)
    SELECT ${AFFILIATE}, 'user-' || a, 'Affiliate ' || a, 'john@domain' || a || '.dev', 'john@domain' || a || '.dev', 'US', 'active',
           'pln_default', ${AT} - interval '1 year'
    FROM generate_series(1, ${shape.affiliates}) a`);
  await withoutIndexes(admin, SEEDED_TABLES, async () => {
    await seedClicks(admin, shape);
    await seedReferrals(admin, shape);
    await seedSales(admin, shape);
  });
  await seedEmailsAndAccounts(admin, shape);
  await admin.query(`SET session_replication_role = origin`);
  await admin.query(`
    INSERT INTO fraud_rule_settings (rule, mode, thresholds, updated_at, updated_by)
    VALUES ('bot_clicks', 'flag', '{"minClicks": ${shape.clicksPerAffiliate}}', ${AT}, 'operator'),
           ('loss_rate', 'flag', '{"minInvoices": ${shape.commissionsPerAffiliate}}', ${AT}, 'operator')`);
}

function isSuspicious({ onePer }: SignupShape): string {
  return `a % ${onePer} = 0`;
}

async function seedReferrals(admin: pg.Client, shape: SignupShape): Promise<void> {
  // Suspicious ones have their signups within one hour, hence more of them than visitors on the day before.
  const at = `CASE WHEN ${isSuspicious(shape)} THEN ${AT} - interval '3 hours' + k * interval '1 minute'
                   ELSE ${AT} - (k * interval '2 days' + a % 1440 * interval '1 minute') END`;
  await admin.query(`
    INSERT INTO referrals (id, affiliate_id, referred_user_id, status, click_id, decision_id, plan_version_id, stripe_customer_id,
                           occurred_at, created_at)
    SELECT bench_id('ref', ${at}, n), ${AFFILIATE}, 'customer-' || n, 'paid',
           CASE WHEN k <= ${shape.clicksPerAffiliate} THEN bench_id('clk', ${AT} - interval '5 hours', (a - 1) * ${shape.clicksPerAffiliate}::bigint + k) END,
           'dec_' || n, 'plv_default', 'cus_' || n, ${at}, ${at}
    FROM (SELECT a, k, (a - 1) * ${shape.referralsPerAffiliate}::bigint + k AS n
          FROM generate_series(1, ${shape.affiliates}) a, generate_series(1, ${shape.referralsPerAffiliate}) k) s`);
}

async function seedClicks(admin: pg.Client, shape: SignupShape): Promise<void> {
  await admin.query(`SELECT create_click_partition('2026_12', bench_from, bench_to) FROM (
    SELECT 'clk_' || substr(bench_id('clk', '2026-12-01T00:00:00Z', 0), 5, 10) || repeat('0', 16) AS bench_from,
           'clk_' || substr(bench_id('clk', '2027-01-01T00:00:00Z', 0), 5, 10) || repeat('0', 16) AS bench_to) s`);
  await admin.query(`SELECT create_click_partition('2026_11', bench_from, bench_to) FROM (
    SELECT 'clk_' || substr(bench_id('clk', '2026-11-01T00:00:00Z', 0), 5, 10) || repeat('0', 16) AS bench_from,
           'clk_' || substr(bench_id('clk', '2026-12-01T00:00:00Z', 0), 5, 10) || repeat('0', 16) AS bench_to) s`);
  await admin.query(`
    INSERT INTO click_days (affiliate_id, day, clicks, unique_clicks)
    SELECT ${AFFILIATE}, (${AT} - d * interval '1 day')::date, 12, CASE WHEN ${isSuspicious(shape)} THEN 1 ELSE 10 END
    FROM generate_series(1, ${shape.affiliates}) a, generate_series(1, ${shape.clickDays}) d`);
  await admin.query(`
    INSERT INTO clicks (id, affiliate_id, code, source, url, user_agent, ip_hash, occurred_at)
    SELECT bench_id('clk', ${AT} - interval '5 hours', (a - 1) * ${shape.clicksPerAffiliate}::bigint + k), ${AFFILIATE}, 'CODE-' || a, 'redirect',
           CASE WHEN ${isSuspicious(shape)} THEN 'https://app.example.com/?gclid=1' END, 'Firefox',
           CASE WHEN ${isSuspicious(shape)} THEN decode('00', 'hex') ELSE int4send(k) END, ${AT} - interval '5 hours'
    FROM generate_series(1, ${shape.affiliates}) a, generate_series(1, ${shape.clicksPerAffiliate}) k`);
}

async function seedSales(admin: pg.Client, shape: SignupShape): Promise<void> {
  const sales = `SELECT a, k, (a - 1) * ${shape.commissionsPerAffiliate}::bigint + k AS n,
      ${AT} - k * interval '1 day' AS at, CASE WHEN ${isSuspicious(shape)} THEN 500000 ELSE 1000 END AS amount
    FROM generate_series(1, ${shape.affiliates}) a, generate_series(1, ${shape.commissionsPerAffiliate}) k`;
  await admin.query(`
    INSERT INTO commissions (id, affiliate_id, referral_id, invoice_id, currency, amount_minor, invoice_amount_paid_minor, invoice_total_minor,
                             base_minor, rate_bps, rate_source, plan_version_id, invoice_paid_at, available_at, created_at)
    SELECT bench_id('com', at, n), ${AFFILIATE}, (SELECT id FROM referrals LIMIT 1), 'in_' || n, 'usd', amount, amount * 5, amount * 5,
           amount * 5, 2000, 'plan', 'plv_default', at, at, at
    FROM (${sales}) s`);
  await admin.query(`
    INSERT INTO stripe_invoice_payments (id, invoice_id, payment_id, amount_minor, status, received_at)
    SELECT 'inpay_' || n, 'in_' || n, 'pi_' || n, amount * 5, 'paid', at FROM (${sales}) s`);
  await admin.query(`
    INSERT INTO stripe_losses (id, source, payment_id, currency, amount_minor, status, received_at)
    SELECT 'loss_' || n, CASE WHEN ${isSuspicious(shape)} THEN 'dispute' ELSE 'refund' END, 'pi_' || n, 'usd', amount * 5,
           CASE WHEN ${isSuspicious(shape)} THEN 'lost' ELSE 'succeeded' END, at
    FROM (${sales}) s WHERE ${isSuspicious(shape)} OR k = 1`);
}

async function seedEmailsAndAccounts(admin: pg.Client, shape: SignupShape): Promise<void> {
  // A suspicious affiliate's customers share one mailbox at its own domain.
  await admin.query(`
    INSERT INTO referral_emails (referral_id, affiliate_id, email_hash, domain)
    SELECT r.id, r.affiliate_id,
           decode(md5(CASE WHEN ${isSuspicious(shape)} THEN r.affiliate_id ELSE r.id END), 'hex'),
           'domain' || CASE WHEN ${isSuspicious(shape)} THEN a ELSE a + 1 END || '.dev'
    FROM referrals r, LATERAL (SELECT ltrim(substr(r.affiliate_id, 7), '0')::int AS a) s`);
  await admin.query(`
    INSERT INTO affiliate_accounts (account_id, affiliate_id, connected_at)
    SELECT 'acct_' || a, ${AFFILIATE}, ${AT} - interval '1 year' FROM generate_series(1, ${shape.affiliates}) a`);
  await admin.query(`
    INSERT INTO account_payout_methods (account_id, fingerprint, kind, first_seen_at)
    SELECT 'acct_' || a, 'fp_' || CASE WHEN a % (2 * ${shape.onePer}) = 0 THEN a - ${shape.onePer} ELSE a END, 'bank_account', ${AT}
    FROM generate_series(1, ${shape.affiliates}) a`);
  await admin.query(`
    INSERT INTO customer_payment_methods (customer_id, fingerprint, kind, first_seen_at)
    SELECT r.stripe_customer_id, CASE WHEN ${isSuspicious(shape)} THEN p.fingerprint ELSE 'fp_of_' || r.stripe_customer_id END, 'card', ${AT}
    FROM referrals r, LATERAL (SELECT ltrim(substr(r.affiliate_id, 7), '0')::int AS a) s
    JOIN account_payout_methods p ON p.account_id = 'acct_' || a`);
}
