import { Prisma } from '@prisma/client';
import { hasRunOut } from '../../commissions/holds.service.js';
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
 *
 * Each balance is looked up by itself, and each of its holds (LATERAL … OFFSET 0): a planner that joins a thousand balances at
 * once reads the journal and all postings as a whole, for each batch again.
 */
function nextRows(database: Database, { cutOff, lastRunId }: DecisionRules, after: BalanceKey): Promise<Row[]> {
  return database.prisma.$queryRaw<Row[]>`
    SELECT k.affiliate_id AS "affiliateId", k.currency, a.name AS "affiliateName",
           (coalesce(items.taken, 0) + coalesce(holds.due, 0))::bigint AS "amountMinor",
           a.status AS "affiliateStatus", a.under_review AS "underReview",
           a.stripe_account_id AS "stripeAccountId", a.details_submitted AS "detailsSubmitted",
           a.payouts_enabled AS "payoutsEnabled", k.payout_status AS "payoutStatus", k.payout_minor AS "payoutMinor",
           k.skipped_for AS "skippedFor", k.skipped_minor AS "skippedMinor"
    FROM (${nextBalances(lastRunId, after)}) k
    CROSS JOIN LATERAL (
      SELECT a.*, ${hasHoldingCase(Prisma.sql`a.id`)} AS under_review FROM affiliates a WHERE a.id = k.affiliate_id OFFSET 0
    ) a
    CROSS JOIN LATERAL (
      SELECT sum(item.amount_minor) AS taken
      FROM (${openItems(Prisma.sql`SELECT k.affiliate_id, k.currency, k.first_unlined_seq`, cutOff)}) item
      WHERE item.is_taken
    ) items
    CROSS JOIN LATERAL (
      SELECT sum(held.amount_minor) AS due
      FROM (
        SELECT h.commission_id FROM commission_holds h
        WHERE h.affiliate_id = k.affiliate_id AND h.currency = k.currency AND NOT a.under_review
          AND ${hasRunOut(cutOff)}
        OFFSET 0
      ) h
      CROSS JOIN LATERAL (SELECT e.id FROM journal_entries e WHERE e.commission_id = h.commission_id OFFSET 0) e
      CROSS JOIN LATERAL (
        SELECT p.amount_minor FROM postings p WHERE p.entry_id = e.id AND p.account = 'held' OFFSET 0
      ) held
    ) holds
    ORDER BY k.affiliate_id, k.currency`;
}

/**
 * Balances that hold something, or about which the last run decided, with what it did. No look-up may begin with the run: to
 * a planner whose statistics do not know it yet that looks just as good, and goes through all of it for each balance.
 */
function nextBalances(lastRunId: string | null, after: BalanceKey): Prisma.Sql {
  return Prisma.sql`
    SELECT b.affiliate_id, b.currency, b.first_unlined_seq, last.status AS payout_status, last.amount_minor AS payout_minor,
           skip.reason AS skipped_for, skip.amount_minor AS skipped_minor
    FROM balances b
    LEFT JOIN LATERAL (
      SELECT own.status, own.amount_minor
      FROM (SELECT * FROM payouts po WHERE po.affiliate_id = b.affiliate_id AND po.currency = b.currency OFFSET 0) own
      WHERE own.run_id = ${lastRunId}
      ORDER BY own.status IN ('pending', 'paid', 'reversed') DESC, own.id DESC LIMIT 1
    ) last ON TRUE
    LEFT JOIN LATERAL (
      SELECT own.reason, own.amount_minor
      FROM (
        SELECT * FROM payout_skips s WHERE (s.run_id, s.affiliate_id, s.currency) >= (${lastRunId}, b.affiliate_id, b.currency)
        ORDER BY s.run_id, s.affiliate_id, s.currency LIMIT 1
      ) own
      WHERE own.run_id = ${lastRunId} AND own.affiliate_id = b.affiliate_id AND own.currency = b.currency
    ) skip ON TRUE
    WHERE (b.affiliate_id, b.currency) > (${after.affiliateId}, ${after.currency})
      AND (b.payable_minor <> 0 OR b.held_minor <> 0 OR last.status IS NOT NULL OR skip.reason IS NOT NULL)
    ORDER BY b.affiliate_id, b.currency
    LIMIT ${BATCH_SIZE}`;
}
