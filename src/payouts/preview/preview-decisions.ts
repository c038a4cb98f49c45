import { Prisma } from '@prisma/client';
import { releasable } from '../../commissions/holds.service.js';
import type { BalanceKey } from '../../commissions/ledger/balances.js';
import type { Database } from '../../database/database.js';
import { hasHoldingCase } from '../../fraud/holding-cases.js';
import { skipReason, type SkipReason } from '../eligibility/eligibility.js';
import { openItems } from '../eligibility/payout-items.js';
import type { PayoutStatus } from '../payout-status.js';
import type { Change } from './preview-change.js';

/** Balances per query: enough to make it worth its round trip, few enough to keep memory flat. */
const BATCH_SIZE = 1000;

/** What a run would do about one balance, and what the last run did. */
export interface PreviewDecision extends BalanceKey {
  affiliateName: string;
  /** What is due; zero for one that only the last run had something for. */
  amountMinor: bigint;
  /** Null when it is paid, or when nothing is due. */
  reason: SkipReason | null;
  before: PreviousDecision | null;
}

export interface PreviousDecision {
  status: PayoutStatus | 'skipped';
  reason: SkipReason | null;
  amountMinor: bigint;
}

interface Row extends BalanceKey {
  affiliateName: string;
  amountMinor: bigint;
  affiliateStatus: string;
  underReview: boolean;
  stripeAccountId: string | null;
  detailsSubmitted: boolean;
  payoutsEnabled: boolean;
  payoutStatus: PayoutStatus | null;
  payoutMinor: bigint | null;
  skippedFor: SkipReason | null;
  skippedMinor: bigint | null;
}

export interface DecisionRules {
  cutOff: Date;
  /** The run to compare with. */
  lastRunId: string | null;
  minPayoutMinor: (currency: string) => bigint;
  isCurrencyHeld: (currency: string) => boolean;
}

/**
 * Decides about every balance by the run's own rules, without writing anything, in the order of affiliate and currency.
 * Memory is that of one batch. Each balance is seen on one state of the database, two batches are not.
 */
export async function* decideAll(database: Database, rules: DecisionRules): AsyncGenerator<PreviewDecision> {
  let after: BalanceKey = { affiliateId: '', currency: '' };
  for (;;) {
    const rows = await nextRows(database, rules, after);
    for (const row of rows) {
      const decision = decide(row, rules);
      // A balance may come to nothing: neither a run nor its preview says a word about it.
      if (decision.amountMinor !== 0n || decision.before !== null) yield decision;
    }
    const last = rows.at(-1);
    if (!last || rows.length < BATCH_SIZE) return;
    after = last;
  }
}

/** Whether it would be paid. */
export function isPaid({ amountMinor, reason }: PreviewDecision): boolean {
  return amountMinor !== 0n && reason === null;
}

/** Payouts that stood when the last run was over: the others' money went back. */
const STANDING = new Set(['pending', 'paid', 'reversed']);

/** Null where nothing changed that is worth a word: skipped for the same reason, or named for the first time and skipped. */
export function changeOf(decision: PreviewDecision): { change: Change; differenceMinor: bigint } | null {
  const { before, amountMinor, reason } = decision;
  const nowMinor = isPaid(decision) ? amountMinor : null;
  const thenMinor = before !== null && STANDING.has(before.status) ? before.amountMinor : null;
  const differenceMinor = (nowMinor ?? 0n) - (thenMinor ?? 0n);
  if (nowMinor !== null && thenMinor !== null) {
    const change = differenceMinor === 0n ? 'same' : differenceMinor > 0n ? 'more' : 'less';
    return { change, differenceMinor };
  }
  if (nowMinor !== null) return { change: 'new', differenceMinor };
  if (thenMinor !== null) return { change: 'gone', differenceMinor };
  return before !== null && before.reason !== reason ? { change: 'other_reason', differenceMinor } : null;
}

function decide(row: Row, { minPayoutMinor, isCurrencyHeld }: DecisionRules): PreviewDecision {
  const { affiliateId, affiliateName, currency, amountMinor, payoutStatus, payoutMinor, skippedFor, skippedMinor } =
    row;
  const candidate = { ...row, minimumMinor: minPayoutMinor(currency), currencyHeld: isCurrencyHeld(currency) };
  const reason = amountMinor === 0n ? null : skipReason(candidate);
  return { affiliateId, affiliateName, currency, amountMinor, reason, before: previous() };

  function previous(): PreviousDecision | null {
    // One that was cancelled at the last moment stands as a skip, with its reason.
    if (skippedFor !== null && !(payoutStatus !== null && STANDING.has(payoutStatus))) {
      return { status: 'skipped', reason: skippedFor, amountMinor: skippedMinor ?? 0n };
    }
    return payoutStatus === null ? null : { status: payoutStatus, reason: null, amountMinor: payoutMinor ?? 0n };
  }
}

/**
 * The next balances that hold something or were in the last run, each with what is due. Holds that run out by the
 * cut-off count, since a run releases them first.
 */
function nextRows(database: Database, { cutOff, lastRunId }: DecisionRules, after: BalanceKey): Promise<Row[]> {
  const keys = Prisma.sql`SELECT affiliate_id, currency, first_unlined_seq FROM keys`;
  return database.prisma.$queryRaw<Row[]>`
    WITH keys AS MATERIALIZED (
      SELECT b.affiliate_id, b.currency, b.first_unlined_seq
      FROM balances b
      WHERE (b.affiliate_id, b.currency) > (${after.affiliateId}, ${after.currency})
        AND (b.payable_minor <> 0 OR b.held_minor <> 0
          OR EXISTS (SELECT 1 FROM payouts po WHERE po.run_id = ${lastRunId} AND po.affiliate_id = b.affiliate_id AND po.currency = b.currency)
          OR EXISTS (SELECT 1 FROM payout_skips s WHERE s.run_id = ${lastRunId} AND s.affiliate_id = b.affiliate_id AND s.currency = b.currency))
      ORDER BY b.affiliate_id, b.currency LIMIT ${BATCH_SIZE}
    ), due AS (
      SELECT affiliate_id, currency, sum(amount_minor)::bigint AS amount
      FROM (
        SELECT affiliate_id, currency, amount_minor FROM (${openItems(keys, cutOff)}) item WHERE is_taken
        UNION ALL
        SELECT h.affiliate_id, h.currency, p.amount_minor
        FROM keys
        JOIN commission_holds h USING (affiliate_id, currency)
        JOIN journal_entries e ON e.commission_id = h.commission_id
        JOIN postings p ON p.entry_id = e.id AND p.account = 'held'
        WHERE ${releasable(cutOff)}
      ) item
      GROUP BY affiliate_id, currency
    )
    SELECT k.affiliate_id AS "affiliateId", k.currency, a.name AS "affiliateName", coalesce(due.amount, 0)::bigint AS "amountMinor",
           a.status AS "affiliateStatus", ${hasHoldingCase(Prisma.sql`a.id`)} AS "underReview",
           a.stripe_account_id AS "stripeAccountId", a.details_submitted AS "detailsSubmitted",
           a.payouts_enabled AS "payoutsEnabled", last.status AS "payoutStatus", last.amount_minor AS "payoutMinor",
           skip.reason AS "skippedFor", skip.amount_minor AS "skippedMinor"
    FROM keys k
    JOIN affiliates a ON a.id = k.affiliate_id
    LEFT JOIN due ON due.affiliate_id = k.affiliate_id AND due.currency = k.currency
    LEFT JOIN LATERAL (
      SELECT po.status, po.amount_minor FROM payouts po
      WHERE po.run_id = ${lastRunId} AND po.affiliate_id = k.affiliate_id AND po.currency = k.currency
      ORDER BY po.status IN ('pending', 'paid', 'reversed') DESC, po.id DESC LIMIT 1
    ) last ON TRUE
    LEFT JOIN payout_skips skip ON skip.run_id = ${lastRunId} AND skip.affiliate_id = k.affiliate_id AND skip.currency = k.currency
    ORDER BY k.affiliate_id, k.currency`;
}
