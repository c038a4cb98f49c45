import type pg from 'pg';
import { withoutIndexes } from './without-indexes.js';

export interface LedgerShape {
  affiliates: number;
  /** Earned by each affiliate in each month. */
  commissionsPerMonth: number;
  /** Months whose payouts were paid, before the one that is to be paid. */
  paidMonths: number;
  /** Earned by each affiliate in each of those; as many as in the last one unless it is told. */
  commissionsPerPaidMonth?: number;
  /**
   * `payable`: the plan holds nothing back, so an earned commission is payable. `held`: the month that is to be paid
   * still lies in *held*, and its time has come.
   */
  lastMonth: 'payable' | 'held';
}

/** The moment up to which what was earned is paid; everything in the seed lies before it. */
export const CUT_OFF = new Date('2026-12-01T06:00:00Z');
export const PERIOD = '2026-12';

const CURRENCY = 'usd';

/** Spreads an affiliate's commissions over the month, as sales come: hardly two of them share a page of a table. */
const STRIDE = 7919;

/**
 * Writes a ledger of this shape as the application would have left it: affiliates that finished onboarding, one
 * referral each, paid invoices, commissions, journal, balances, and the payouts of the paid months. It is written by a
 * few statements over whole tables, with indexes built afterwards; `ledger:verify` finds it sound (the bench asserts
 * it at a small size), and nothing of it is sealed yet.
 */
export async function seedLedger(admin: pg.Client, shape: LedgerShape): Promise<void> {
  if (shape.affiliates % STRIDE === 0) throw new Error(`the number of affiliates must not be a multiple of ${STRIDE}`);
  await seedAffiliates(admin, shape);
  await withoutIndexes(admin, SEEDED_TABLES, async () => {
    for (let month = 0; month <= shape.paidMonths; month++) {
      await seedCommissions(admin, shape, month);
      if (month < shape.paidMonths) await seedSettlement(admin, shape, month);
    }
    await admin.query('INSERT INTO journal_unsealed (entry_id) SELECT id FROM journal_entries');
  });
  await seedBalances(admin, shape);
  for (let month = 0; month < shape.paidMonths; month++) await seedPayouts(admin, shape, month);
  await admin.query(`
    INSERT INTO referral_earnings (referral_id, currency, earned_minor)
    SELECT referral_id, currency, sum(amount_minor) FROM commissions GROUP BY 1, 2`);
}

const SEEDED_TABLES = [
  'stripe_invoices',
  'commissions',
  'commission_holds',
  'journal_entries',
  'postings',
  'payout_lines',
];

/** SQL for an id of the product's form, whose number makes it sort by time. */
function id(prefix: string, number: string): string {
  return `('${prefix}_01' || lpad((${number})::text, 24, '0'))`;
}

const AFFILIATE_ID = id('aff', 'a');

/** SQL for a commission's id, which begins with the millisecond it was made in, as the product's ids do: lists go by that. */
function commissionId(madeAt: string): string {
  const digits = [45, 40, 35, 30, 25, 20, 15, 10, 5, 0].map(
    (shift) => `substr('0123456789abcdefghjkmnpqrstvwxyz', (made_ms >> ${shift} & 31)::int + 1, 1)`,
  );
  return `(SELECT 'com_' || ${digits.join(' || ')} || lpad(n::text, 16, '0') FROM (SELECT (extract(epoch FROM ${madeAt}) * 1000)::bigint AS made_ms) made)`;
}

async function seedAffiliates(admin: pg.Client, { affiliates }: LedgerShape): Promise<void> {
  const since = `'2024-01-01T00:00:00Z'::timestamptz`;
  await admin.query(`
    INSERT INTO affiliates (id, user_id, name, country, status, plan_id, stripe_account_id, details_submitted, payouts_enabled, created_at)
    SELECT ${AFFILIATE_ID}, 'user-' || a, 'Affiliate ' || a, 'US', 'active', 'pln_default', 'acct_' || a, TRUE, TRUE, ${since}
    FROM generate_series(1, ${affiliates}) a`);
  await admin.query(`
    INSERT INTO affiliate_accounts (account_id, affiliate_id, connected_at)
    SELECT 'acct_' || a, ${AFFILIATE_ID}, ${since} FROM generate_series(1, ${affiliates}) a`);
  await admin.query(`
    INSERT INTO affiliate_codes (code, affiliate_id, is_current, created_at)
    SELECT 'CODE-' || a, ${AFFILIATE_ID}, TRUE, ${since} FROM generate_series(1, ${affiliates}) a`);
  await admin.query(`
    INSERT INTO referrals (id, affiliate_id, referred_user_id, status, decision_id, plan_version_id, stripe_customer_id,
                           occurred_at, created_at)
    SELECT ${id('ref', 'a')}, ${AFFILIATE_ID}, 'customer-' || a, 'paid', ${id('dec', 'a')}, 'plv_default', 'cus_' || a, ${since}, ${since}
    FROM generate_series(1, ${affiliates}) a`);
}

/** When the month's first sale was; the run of a paid month follows 30 days later. */
function startOf(shape: LedgerShape, month: number): string {
  return `('${CUT_OFF.toISOString()}'::timestamptz - interval '${(shape.paidMonths - month + 1) * 30} days')`;
}

function perPaidMonth({ commissionsPerMonth, commissionsPerPaidMonth = commissionsPerMonth }: LedgerShape): number {
  return commissionsPerPaidMonth;
}

/** One row per sale of the month in the order of time: `a` the affiliate, `k` its how manieth, `n` a running number. */
function salesOf(shape: LedgerShape, month: number): string {
  const { affiliates } = shape;
  const count = affiliates * (month < shape.paidMonths ? perPaidMonth(shape) : shape.commissionsPerMonth);
  return `
    SELECT place + 1 + ${month}::bigint * ${salesPerPaidMonth(shape)} AS n, place / ${affiliates} + 1 AS k,
           (place::bigint * ${STRIDE} + place / ${affiliates}) % ${affiliates} + 1 AS a, place / ${count}::float8 AS progress
    FROM generate_series(0, ${count - 1}) place`;
}

/** From 5.00 to 14.99; a commission is a fifth of its invoice. */
const AMOUNT = '(500 + (a * 7 + k * 13) % 1000)';

async function seedCommissions(admin: pg.Client, shape: LedgerShape, month: number): Promise<void> {
  const isHeld = shape.lastMonth === 'held' && month === shape.paidMonths;
  const paidAt = `date_trunc('second', ${startOf(shape, month)} + progress * interval '29 days')`;
  const ownId = commissionId(`${paidAt} + interval '1 second'`);
  const sales = salesOf(shape, month);
  await admin.query(`
    INSERT INTO stripe_invoices (id, customer_id, subscription_id, currency, total_minor, total_excluding_tax_minor, amount_paid_minor,
                                 amount_paid_off_stripe_minor, paid_at, stripe_event_id, received_at)
    SELECT 'in_' || n, 'cus_' || a, 'sub_' || a, '${CURRENCY}', ${AMOUNT} * 5, ${AMOUNT} * 5, ${AMOUNT} * 5, 0, ${paidAt},
           'evt_' || n, ${paidAt} + interval '1 second'
    FROM (${sales}) s`);
  await admin.query(`
    INSERT INTO commissions (id, affiliate_id, referral_id, invoice_id, currency, amount_minor, invoice_amount_paid_minor,
                             invoice_total_minor, invoice_net_total_minor, base_minor, rate_bps, rate_source, plan_version_id,
                             invoice_paid_at, available_at, created_at)
    SELECT ${ownId}, ${AFFILIATE_ID}, ${id('ref', 'a')}, 'in_' || n, '${CURRENCY}', ${AMOUNT}, ${AMOUNT} * 5, ${AMOUNT} * 5,
           ${AMOUNT} * 5, ${AMOUNT} * 5, 2000, 'plan', 'plv_default', ${paidAt}, ${paidAt}, ${paidAt} + interval '1 second'
    FROM (${sales}) s`);
  if (isHeld) {
    await admin.query(`
      INSERT INTO commission_holds (commission_id, affiliate_id, currency, available_at)
      SELECT ${ownId}, ${AFFILIATE_ID}, '${CURRENCY}', ${paidAt} FROM (${sales}) s`);
  }
  const entryId = id('jrn', entryNumber(shape, month, `n - ${month}::bigint * ${salesPerPaidMonth(shape)}`));
  await admin.query(`
    INSERT INTO journal_entries (id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, recorded_at,
                                 commission_id, stripe_event_id)
    SELECT ${entryId}, 'commission_earned', 'earned:in_' || n, sha256(n::text::bytea),
           jsonb_build_object('invoiceId', 'in_' || n, 'amountMinor', (${AMOUNT})::text), ${AFFILIATE_ID}, '${CURRENCY}', ${paidAt},
           ${paidAt} + interval '1 second', ${ownId}, 'evt_' || n
    FROM (${sales}) s`);
  await admin.query(`
    INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor, payable_since)
    SELECT ${AFFILIATE_ID}, '${CURRENCY}', ${firstSeq(shape, month)} + 2 * k - side, ${entryId},
           CASE side WHEN 1 THEN 'commission_expense' ELSE '${isHeld ? 'held' : 'payable'}' END,
           CASE side WHEN 1 THEN -1 ELSE 1 END * ${AMOUNT}, ${isHeld ? 'NULL' : `CASE side WHEN 0 THEN ${paidAt} END`}
    FROM (${sales}) s, (VALUES (1), (0)) sides (side)`);
}

function salesPerPaidMonth(shape: LedgerShape): number {
  return shape.affiliates * perPaidMonth(shape);
}

/** Entries are numbered by time: a month's sales, then its reservations, then its payments. */
function entryNumber(shape: LedgerShape, month: number, numberInMonth: string): string {
  return `${month}::bigint * ${salesPerPaidMonth(shape) + 2 * shape.affiliates} + ${numberInMonth}`;
}

/** The sequence before a month's first posting: two per sale, reservation and payment. */
function firstSeq(shape: LedgerShape, month: number): number {
  return month * (2 * perPaidMonth(shape) + 4);
}

/** One payout per affiliate of a paid month, in the order of its id. */
function payoutsOf(shape: LedgerShape, month: number): { payoutId: string; sums: string; cutOff: string } {
  const { affiliates } = shape;
  return {
    payoutId: id('po', `${month}::bigint * ${affiliates} + a`),
    sums: `
      SELECT a, sum(${AMOUNT})::bigint AS amount
      FROM generate_series(1, ${affiliates}) a, generate_series(1, ${perPaidMonth(shape)}) k
      GROUP BY a`,
    cutOff: `(${startOf(shape, month)} + interval '29 days')`,
  };
}

/** What a paid month's payouts did in the ledger: they took everything, and were paid. */
async function seedSettlement(admin: pg.Client, shape: LedgerShape, month: number): Promise<void> {
  const { affiliates } = shape;
  const commissions = perPaidMonth(shape);
  const { payoutId, sums, cutOff } = payoutsOf(shape, month);
  const seq = firstSeq(shape, month);
  await admin.query(`
    INSERT INTO payout_lines (payout_id, affiliate_id, currency, first_seq, last_seq, item_count, amount_minor)
    SELECT ${payoutId}, ${AFFILIATE_ID}, '${CURRENCY}', ${seq} + 2, ${seq + 2 * commissions}, ${commissions}, amount
    FROM (${sums}) s`);
  const steps = [
    { kind: 'payout_reserved', from: 'payable', to: 'in_payout' },
    { kind: 'payout_paid', from: 'in_payout', to: 'paid_out' },
  ];
  for (const [step, { kind, from, to }] of steps.entries()) {
    const number = entryNumber(shape, month, `${salesPerPaidMonth(shape) + step * affiliates} + a`);
    await admin.query(`
      INSERT INTO journal_entries (id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, recorded_at, payout_id)
      SELECT ${id('jrn', number)}, '${kind}', '${kind}:' || ${payoutId}, sha256((a || '${kind}')::bytea),
             jsonb_build_object('payoutId', ${payoutId}), ${AFFILIATE_ID}, '${CURRENCY}', ${cutOff}, ${cutOff}, ${payoutId}
      FROM generate_series(1, ${affiliates}) a`);
    await admin.query(`
      INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor)
      SELECT ${AFFILIATE_ID}, '${CURRENCY}', ${seq + 2 * commissions + 2 * step} + side, ${id('jrn', number)},
             CASE side WHEN 1 THEN '${from}' ELSE '${to}' END, CASE side WHEN 1 THEN -amount ELSE amount END
      FROM (${sums}) s, (VALUES (1), (2)) sides (side)`);
  }
}

async function seedPayouts(admin: pg.Client, shape: LedgerShape, month: number): Promise<void> {
  const { payoutId, sums, cutOff } = payoutsOf(shape, month);
  const runId = `run_01${String(month).padStart(24, '0')}`;
  await admin.query(
    `INSERT INTO payout_runs (id, period, cut_off, status, started_at, finished_at)
     VALUES ($1, $2, ${cutOff}, 'completed', ${cutOff}, ${cutOff})`,
    [runId, `${2000 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`],
  );
  await admin.query(`
    INSERT INTO payouts (id, run_id, affiliate_id, currency, amount_minor, status, destination, sends, stripe_transfer_id, created_at, paid_at)
    SELECT ${payoutId}, '${runId}', ${AFFILIATE_ID}, '${CURRENCY}', amount, 'paid', 'acct_' || a, 1,
           'tr_' || (${month}::bigint * ${shape.affiliates} + a), ${cutOff}, ${cutOff}
    FROM (${sums}) s ORDER BY a`);
}

async function seedBalances(admin: pg.Client, shape: LedgerShape): Promise<void> {
  const sum = (account: string): string => `coalesce(sum(amount_minor) FILTER (WHERE account = '${account}'), 0)`;
  await admin.query(`
    INSERT INTO balances (affiliate_id, currency, held_minor, payable_minor, in_payout_minor, paid_out_minor,
                          lifetime_earned_minor, last_seq, first_unlined_seq)
    SELECT affiliate_id, currency, ${sum('held')}, ${sum('payable')}, ${sum('in_payout')}, ${sum('paid_out')},
           -${sum('commission_expense')}, max(seq), ${firstSeq(shape, shape.paidMonths) + 1}
    FROM postings GROUP BY affiliate_id, currency`);
}
