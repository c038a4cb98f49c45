import { startTestApp, type TestApp } from '../../setup/app.js';

/**
 * What no code of ours writes, and what the database refuses should it ever: each row breaks one rule, and only that one.
 * Nothing is written, so that the rows need not point at anything.
 */
const AT = '2026-12-01T06:00:00Z';
const MONEY = { affiliate_id: 'aff_1', currency: 'usd', amount_minor: 100, created_at: AT };

const commission = {
  ...{ ...MONEY, id: 'com_1', referral_id: 'ref_1', invoice_id: 'in_1', part: 'stripe', plan_version_id: 'plv_1' },
  ...{
    invoice_amount_paid_minor: 1000,
    invoice_total_minor: 1000,
    base_minor: 1000,
    rate_bps: 1000,
    rate_source: 'plan',
  },
  ...{ invoice_paid_at: AT, available_at: AT },
};
const entry = {
  ...{ ...MONEY, id: 'jrn_1', kind: 'adjustment', unique_key: 'one', content_hash: '\\x00', facts: {} },
  ...{ occurred_at: AT, recorded_at: AT, staff_user_id: 'stf_1', reason: 'A bonus.' },
};
const posting = { ...MONEY, seq: 1, entry_id: 'jrn_1', account: 'held' };
const payout = {
  ...{ ...MONEY, id: 'po_1', run_id: 'run_1', destination: 'acct_1', attempt_no: 1, sends: 0 },
  ...{ status: 'paid', amount_reversed_minor: 0 },
};
const line = { ...MONEY, payout_id: 'po_1', first_seq: 2, last_seq: 3, item_count: 1 };
const loss = {
  ...{ ...MONEY, id: 're_1', source: 'refund', status: 'succeeded', unknown_statuses: [] },
  ...{ payment_id: 'pi_1', received_at: AT },
};
const transfer = {
  ...{ ...MONEY, id: 'tr_1', payout_id: 'po_1', destination: 'acct_1', received_at: AT },
  ...{ amount_reversed_minor: 10, reversed_by_others_minor: 0, reversed_at: AT },
};
const reversal = {
  ...{ ...MONEY, id: 'trr_1', payout_id: 'po_1', transfer_id: 'tr_1', deduction_seq: 1, status: 'pending' },
  ...{ attempt_no: 1, sends: 0, idempotency_key: 'trr_1:1', next_try_at: AT },
};
const decision = {
  ...{ ...MONEY, case_id: 'case_1', referral_id: 'ref_1', invoice_id: 'in_1', rule: 'self_referral' },
  ...{ staff_user_id: 'stf_1', reason: 'Looked at.', accepted_at: AT, rejected_at: AT },
};

/** A table, the rule, and rows that break it. */
const REFUSED: [table: string, rule: string, ...rows: object[]][] = [
  ['commissions', 'amount', { ...commission, amount_minor: 0 }, { ...commission, amount_minor: 1001 }],
  ['journal_entries', 'adjustment', { ...entry, staff_user_id: null, reason: null }],
  ['journal_entries', 'by_hand', { ...entry, reason: null }, { ...entry, kind: 'payout_paid', staff_user_id: null }],
  ['postings', 'account', { ...posting, account: 'pocket' }],
  ['postings', 'amount', { ...posting, amount_minor: 0 }],
  ['postings', 'payable_since', { ...posting, payable_since: AT }],
  ['payouts', 'amount', { ...payout, amount_minor: -1 }],
  [
    ...(['payouts', 'amount_reversed'] as const),
    { ...payout, amount_reversed_minor: 101 },
    { ...payout, amount_reversed_minor: 100 },
    { ...payout, status: 'reversed', amount_reversed_minor: 99 },
    { ...payout, status: 'failed', amount_reversed_minor: 1 },
  ],
  ['payout_lines', 'items', { ...line, item_count: 0 }, { ...line, item_count: 3 }, { ...line, first_seq: 4 }],
  ['stripe_losses', 'amount', { ...loss, amount_minor: -1 }],
  ['stripe_losses', 'of_one', { ...loss, payment_id: null }, { ...loss, invoice_id: 'in_1' }],
  [
    ...(['stripe_transfers', 'amounts'] as const),
    { ...transfer, amount_reversed_minor: 101 },
    { ...transfer, reversed_by_others_minor: 11 },
  ],
  ['stripe_transfers', 'reversed_at', { ...transfer, reversed_at: null }],
  ['transfer_reversals', 'amount', { ...reversal, amount_minor: 0 }],
  [
    ...(['transfer_reversals', 'resolved'] as const),
    { ...reversal, resolved_at: AT },
    { ...reversal, status: 'succeeded', resolved_at: AT },
  ],
  ['transfer_reversals', 'sent', { ...reversal, first_sent_at: AT }],
  ['out_of_band_acceptances', 'amount', { ...decision, amount_minor: 0 }],
  ['out_of_band_acceptances', 'reason', { ...decision, reason: ' ' }],
  ['referral_rejections', 'reason', { ...decision, reason: ' ' }],
];

let api: TestApp;

beforeAll(async () => {
  api = await startTestApp({ background: false });
});
afterAll(async () => api.close());

it.each(REFUSED)('the database refuses money that cannot be: %s, by its %s', async (table, rule, ...rows) => {
  for (const row of rows) {
    const insert = `INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1)`;
    await expect(api.database.pool.query(insert, [JSON.stringify(row)])).rejects.toMatchObject({
      constraint: `${table}_${rule}`,
    });
  }
});
