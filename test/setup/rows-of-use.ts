import type pg from 'pg';

/** Ids are told apart by their number, and sort as the rows were made. */
const NUMBERED = (prefix: string): string => `'${prefix}_' || lpad(n::text, 26, '0')`;

/** Some affiliate's, others' in turns: `a.id`, with the row's number `n`, made a minute after the one before. */
const FROM_AFFILIATES = `
  FROM generate_series(1, 2000) n
  JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS places FROM affiliates) a
    ON a.place = n % a.places + 1`;
const MADE_AT = `now() - interval '60 days' + n * interval '1 minute'`;

/**
 * What piles up while a business uses the service, which a generated one has none of: two thousand rows of each, or nobody
 * would see that a request reads one of these tables as a whole. All of it is over and done with.
 */
export async function addRowsOfUse(owner: pg.Client): Promise<void> {
  await owner.query(`
    INSERT INTO promotion_codes (id, affiliate_id, stripe_promotion_code_id, code, created_at, removed_at)
    SELECT ${NUMBERED('pcd')}, a.id, 'promo_' || n, 'USED' || n, ${MADE_AT}, CASE WHEN n % 5 = 0 THEN now() END ${FROM_AFFILIATES};
    INSERT INTO promotion_redemptions (customer_id, promotion_code_id, referred_user_id, redeemed_at, decided_at)
    SELECT 'cus_redeemed_' || n, ${NUMBERED('pcd')}, 'redeemed-' || n, ${MADE_AT}, now() FROM generate_series(1, 2000) n`);
  await owner.query(`
    INSERT INTO webhook_endpoints (id, url, status, secret, disabled_at, created_at)
    VALUES ('whe_used', 'https://host.example.com/', 'disabled', '\\x00', now(), now());
    INSERT INTO webhook_deliveries (id, endpoint_id, event_id, position, subject_id, status, attempts, delivered_at, created_at)
    SELECT ${NUMBERED('whd')}, 'whe_used', e.id, n, a.id, 'delivered', 1, now(), now() ${FROM_AFFILIATES}
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM domain_events) e ON e.place = n;
    INSERT INTO webhook_attempts (delivery_id, number, started_at, outcome) SELECT id, 1, now(), 'delivered' FROM webhook_deliveries`);
  await owner.query(`
    INSERT INTO stripe_events (id, type, livemode, payload, status, received_at, processed_at)
    SELECT 'evt_used_' || n, CASE n % 3 WHEN 0 THEN 'invoice.paid' ELSE 'customer.created' END, FALSE, '{"data":{"object":{}}}',
           (ARRAY['processed', 'ignored', 'parked', 'failed'])[n % 4 + 1], ${MADE_AT}, now() FROM generate_series(1, 2000) n;
    INSERT INTO stripe_customers (id, referred_user_id, source, received_at)
    SELECT 'cus_used_' || n, 'used-' || n, 'metadata', ${MADE_AT} FROM generate_series(1, 2000) n`);
  await owner.query(`
    INSERT INTO emails (id, affiliate_id, occasion, subject_id, is_bulk, status, message_id, attempts, created_at, ended_at)
    SELECT ${NUMBERED('eml')}, a.id, 'welcome', 'used-' || n, FALSE, CASE n % 20 WHEN 0 THEN 'failed' ELSE 'sent' END, '<' || n || '@example.com>', 1,
           ${MADE_AT}, now() ${FROM_AFFILIATES};
    INSERT INTO affiliate_notices (id, affiliate_id, kind, message, details, unique_key, occurred_at, created_at)
    SELECT ${NUMBERED('ntc')}, a.id, 'payout_failed', 'Told long ago.', '{}', 'used-' || n, ${MADE_AT}, ${MADE_AT} ${FROM_AFFILIATES};
    INSERT INTO affiliate_ips (affiliate_id, ip_hash, last_seen_at)
    SELECT a.id, sha256(n::text::bytea), ${MADE_AT} ${FROM_AFFILIATES};
    INSERT INTO review_whitelist (affiliate_id, rule, subject, staff_user_id, reason, created_at)
    SELECT a.id, 'same_email_domain', n || '.example', 'operator', 'known', ${MADE_AT} ${FROM_AFFILIATES}`);
  await owner.query(`
    INSERT INTO dashboard_links (token_hash, affiliate_id, expires_at)
    SELECT sha256(n::text::bytea), a.id, ${MADE_AT} + interval '90 days' ${FROM_AFFILIATES};
    INSERT INTO dashboard_sessions (token_hash, affiliate_id, started_at, expires_at)
    SELECT sha256(n::text::bytea), a.id, ${MADE_AT}, ${MADE_AT} + interval '90 days' ${FROM_AFFILIATES};
    INSERT INTO staff_sessions (token_hash, staff_user_id, session_version, role, started_at, last_seen_at)
    SELECT sha256(n::text::bytea), s.id, 1, 'admin', now(), now()
    FROM generate_series(1, 2000) n, (SELECT id FROM staff_users ORDER BY id LIMIT 1) s;
    INSERT INTO staff_login_tries (account_hash, ip_hash, tried_at)
    SELECT sha256(n::text::bytea), sha256(n::text::bytea), now() FROM generate_series(1, 2000) n;
    INSERT INTO idempotency_keys (subject, method, path, key, request_hash, lease_token, lease_until, response_status, response_body, created_at)
    SELECT 'host-app', 'POST', '/v1/clicks', 'used-' || n, '\\x00', 'used', now(), 201, '{}', now() FROM generate_series(1, 2000) n;
    INSERT INTO audit_log (id, actor_id, action, subject_type, subject_id, reason, recorded_at)
    SELECT ${NUMBERED('aud')}, 'operator', 'affiliate.suspended', 'affiliate', a.id, 'a test', ${MADE_AT} ${FROM_AFFILIATES};
    INSERT INTO erasures (id, pseudonym, status, requested_at, completed_at)
    SELECT ${NUMBERED('era')}, 'used-' || n, 'completed', ${MADE_AT}, now() FROM generate_series(1, 2000) n`);
}
