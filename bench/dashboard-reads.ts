import type pg from 'pg';
import { settle, type BenchDatabase, type BenchServer } from './harness/bench-server.js';
import { startContestant, type Contestant } from './harness/contestant.js';
import { runWorker } from './harness/measured-process.js';
import { seedLedger } from './harness/seed-ledger.js';
import type { Row } from './harness/table.js';

const PAID_MONTHS = 24;
const MONTHS = PAID_MONTHS + 1;
const COMMISSIONS_PER_REFERRAL = 50;
/** Rare states among all the rest: so many commissions were taken back, and wait for a payout. */
const RARE = 10;

/** Of 200 reads each. */
const BLOCKS = 10;

const SERVER_ENV = { ADMIN_ENABLED: 'false', RATE_LIMIT_HOST: '100000000' };

/** What the affiliate's page asks, of an affiliate with few commissions and of one with many, by a server for each. */
export async function dashboardReads(server: BenchServer, quick: boolean): Promise<Row[]> {
  const [few, many] = quick ? [1_000, 20_000] : [1_000, 1_000_000];
  let figures: Record<string, number> = {};
  await withAffiliate(server, few, (small) =>
    withAffiliate(server, many, async (large) => {
      figures = await readInTurns([small, large], quick ? 1 : BLOCKS);
    }),
  );
  return Object.keys(figures)
    .filter((name) => name.endsWith(', few, p50'))
    .map((name) => name.slice(0, -', few, p50'.length))
    .map((name) => {
      const at = (what: string) => figures[`${name}, ${what}`] ?? Number.NaN;
      return {
        read: name,
        [`p50 ms, ${few}`]: at('few, p50'),
        [`p99 ms, ${few}`]: at('few, p99'),
        [`p50 ms, ${many}`]: at('many, p50'),
        [`p99 ms, ${many}`]: at('many, p99'),
        'p50 ÷': at('many, p50') / at('few, p50'),
        'p99 ÷': at('many, p99') / at('few, p99'),
      };
    });
}

async function readInTurns(
  databases: [few: BenchDatabase, many: BenchDatabase],
  blocks: number,
): Promise<Record<string, number>> {
  const servers: Contestant[] = [];
  try {
    for (const database of databases) {
      servers.push(await startContestant('workers/serve.js', database, SERVER_ENV));
    }
    const args = [...servers.map(({ port }) => port), blocks].map(String);
    return await runWorker('read-dashboard', databases[0], { args });
  } finally {
    await Promise.all(servers.map((one) => one.stop()));
  }
}

function withAffiliate(
  server: BenchServer,
  commissions: number,
  work: (database: BenchDatabase) => Promise<void>,
): Promise<void> {
  return server.withDatabase(`dashboard_${commissions}`, async (database) => {
    await seedLedger(database.admin, {
      affiliates: 1,
      commissionsPerMonth: Math.ceil(commissions / MONTHS),
      paidMonths: PAID_MONTHS,
      lastMonth: 'payable',
    });
    await spreadOverReferrals(database.admin);
    await addRareStates(database.admin);
    await runWorker('seal-journal', database);
    await pretendLastNight(database.admin);
    await settle(database.admin);
    await work(database);
  });
}

/**
 * With its journal sealed, what a server has behind it by day. Else that of the large affiliate would be busy with the whole
 * ledger from its first minute on, or from its first quarter of an hour.
 */
async function pretendLastNight(admin: pg.Client): Promise<void> {
  await admin.query(`
    INSERT INTO ledger_verifications (id, started_at, finished_at, breaches, is_sound) VALUES ('ver_1', now(), now(), '[]', TRUE)`);
  await admin.query(`
    INSERT INTO rollup_checks (id, started_at, finished_at, differences, is_exact) VALUES ('chk_1', now(), now(), '{}', TRUE)`);
  await admin.query('INSERT INTO fraud_evaluation (completed_at) VALUES (now())');
}

/** The seed gives an affiliate one referral, which would then have every invoice there is. */
async function spreadOverReferrals(admin: pg.Client): Promise<void> {
  const referralId = `'ref_02' || lpad((row_number() OVER (ORDER BY id) / ${COMMISSIONS_PER_REFERRAL})::text, 24, '0')`;
  await admin.query(`CREATE TEMP TABLE spread AS SELECT id, invoice_id, ${referralId} AS referral_id FROM commissions`);
  await admin.query(`
    INSERT INTO referrals (id, affiliate_id, referred_user_id, status, decision_id, plan_version_id, stripe_customer_id, currency,
                           occurred_at, created_at, converted_at)
    SELECT DISTINCT s.referral_id, r.affiliate_id, s.referral_id, 'paid', s.referral_id, r.plan_version_id, 'cus_' || s.referral_id, 'usd',
           r.occurred_at, r.created_at, r.created_at
    FROM spread s CROSS JOIN referrals r`);
  await admin.query('UPDATE commissions c SET referral_id = s.referral_id FROM spread s WHERE s.id = c.id');
  await admin.query(`
    UPDATE stripe_invoices i SET customer_id = 'cus_' || s.referral_id, referred_user_id = s.referral_id
    FROM spread s WHERE s.invoice_id = i.id`);
  // The sums of the service's own writing were of the seed's one referral.
  await admin.query(`
    DELETE FROM referral_earnings`);
  await admin.query(`
    INSERT INTO referral_earnings (referral_id, currency, earned_minor)
    SELECT c.referral_id, p.currency, -sum(p.amount_minor)
    FROM postings p JOIN journal_entries e ON e.id = p.entry_id JOIN commissions c ON c.id = e.commission_id
    WHERE p.account = 'commission_expense' GROUP BY 1, 2`);
  await admin.query(`
    INSERT INTO referral_days (affiliate_id, day, signups, conversions, paying)
    SELECT affiliate_id, (occurred_at AT TIME ZONE 'UTC')::date, count(*), count(*), count(*) FROM referrals GROUP BY 1, 2`);
}

/** Takes a few of the oldest commissions back, as entries of the ledger; the balance follows. */
async function addRareStates(admin: pg.Client): Promise<void> {
  await admin.query(`
    CREATE TEMP TABLE taken_back AS
    SELECT c.*, b.last_seq, row_number() OVER (ORDER BY c.id) AS n
    FROM (SELECT * FROM commissions ORDER BY id LIMIT ${RARE}) c JOIN balances b USING (affiliate_id, currency)`);
  await admin.query(`
    INSERT INTO journal_entries (id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, recorded_at, commission_id)
    SELECT 'jrn_03' || lpad(n::text, 24, '0'), 'commission_reversed', 'reversed:' || id, sha256(n::text::bytea), '{}', affiliate_id, currency,
           now(), now(), id FROM taken_back`);
  await admin.query(`
    INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor, payable_since)
    SELECT affiliate_id, currency, last_seq + 2 * n - side, 'jrn_03' || lpad(n::text, 24, '0'),
           CASE side WHEN 1 THEN 'payable' ELSE 'commission_expense' END, CASE side WHEN 1 THEN -amount_minor ELSE amount_minor END,
           CASE side WHEN 1 THEN now() END
    FROM taken_back, (VALUES (1), (0)) sides (side)`);
  await admin.query(`UPDATE balances SET last_seq = last_seq + ${2 * RARE}`);
}
