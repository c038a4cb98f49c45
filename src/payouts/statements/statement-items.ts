import { Prisma } from '@prisma/client';
import type { EntryKind } from '../../commissions/ledger/accounts.js';
import { loadPayableMovements, type PayableMovement } from '../../commissions/payable-movements.js';
import { IS_ITEM_OF_LINE, lineOf } from '../../commissions/payout-lines.js';
import { formatAmount } from '../../common/money.js';
import type { Tx } from '../../database/database.js';
import { STATEMENT_KINDS, type StatementKind } from './statement-kind.js';

/** One posting that a payout settled, in words. */
export interface StatementItem {
  seq: bigint;
  entryId: string;
  kind: StatementKind;
  occurredAt: Date;
  description: string;
  amountMinor: bigint;
  currency: string;
  /** The commission's part in it; null for what was no commission. */
  movement: PayableMovement | null;
  earlierPayoutId: string | null;
  reason: string | null;
}

export interface KindTotal {
  kind: StatementKind;
  count: number;
  amountMinor: bigint;
}

export interface MonthTotal extends KindTotal {
  /** `2026-12`, in UTC. */
  month: string;
}

/** What each kind of entry is called on a statement; null for those that are never in a payout. */
const KIND_OF: Record<EntryKind, StatementKind | null> = {
  commission_earned: 'commission',
  commission_released: 'commission',
  commission_held: 'held_back',
  commission_reversed: 'claw_back',
  commission_restored: 'restored',
  adjustment: 'adjustment',
  payout_reversed: 'transfer_reversal',
  payout_reserved: null,
  payout_paid: null,
  payout_returned: null,
};

interface Row {
  seq: bigint;
  entryId: string;
  entryKind: EntryKind;
  occurredAt: Date;
  amountMinor: bigint;
  currency: string;
  commissionId: string | null;
  reason: string | null;
  earlierPayoutId: string | null;
  earlierPeriod: string | null;
}

/** The next items after `afterSeq`, in the order of posting. */
export async function loadItems(tx: Tx, payoutId: string, afterSeq: bigint, limit: number): Promise<StatementItem[]> {
  const rows = await tx.$queryRaw<Row[]>`
    SELECT p.seq, e.id AS "entryId", e.kind AS "entryKind", e.occurred_at AS "occurredAt", p.amount_minor AS "amountMinor",
           p.currency, e.commission_id AS "commissionId", e.reason, earlier.id AS "earlierPayoutId", run.period AS "earlierPeriod"
    FROM ${itemsOf(payoutId)}
    LEFT JOIN LATERAL (
      SELECT el.payout_id AS id FROM journal_entries ee
      JOIN postings ep ON ep.entry_id = ee.id AND ep.account = 'payable' AND ep.amount_minor > 0
      JOIN LATERAL (${lineOf('ep', 'ep.seq')}) el ON el.payout_id < l.payout_id
      WHERE e.kind = 'commission_reversed' AND ee.commission_id = e.commission_id
      ORDER BY ep.seq LIMIT 1
    ) clawed ON TRUE
    LEFT JOIN payouts earlier ON earlier.id = coalesce(clawed.id, e.payout_id)
    LEFT JOIN payout_runs run ON run.id = earlier.run_id
    WHERE p.seq > ${afterSeq}
    ORDER BY p.seq LIMIT ${limit}`;
  const movements = await loadPayableMovements(
    tx,
    rows.flatMap(({ commissionId }) => commissionId ?? []),
  );
  return rows.map((row) => itemOf(row, movements.get(row.entryId) ?? null));
}

/** What the items come to by kind. */
export async function loadTotals(tx: Tx, payoutId: string): Promise<KindTotal[]> {
  const totals = new Map<StatementKind, KindTotal>();
  for (const { kind, count, amountMinor } of await loadMonthTotals(tx, payoutId)) {
    const total = totals.get(kind) ?? { kind, count: 0, amountMinor: 0n };
    totals.set(kind, { kind, count: total.count + count, amountMinor: total.amountMinor + amountMinor });
  }
  return STATEMENT_KINDS.flatMap((kind) => totals.get(kind) ?? []);
}

/** What the items come to by month and kind. */
export async function loadMonthTotals(tx: Tx, payoutId: string): Promise<MonthTotal[]> {
  const rows = await tx.$queryRaw<(Omit<MonthTotal, 'kind'> & { entryKind: EntryKind })[]>`
    SELECT to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, e.kind AS "entryKind", count(*)::int AS count,
           sum(p.amount_minor)::bigint AS "amountMinor"
    FROM ${itemsOf(payoutId)} GROUP BY month, e.kind ORDER BY month, e.kind`;
  const totals = new Map<string, MonthTotal>();
  for (const { month, entryKind, count, amountMinor } of rows) {
    const kind = kindOf(entryKind);
    const key = `${month} ${kind}`;
    const total = totals.get(key) ?? { month, kind, count: 0, amountMinor: 0n };
    totals.set(key, { month, kind, count: total.count + count, amountMinor: total.amountMinor + amountMinor });
  }
  return [...totals.values()];
}

/** A payout's lines `l`, whether they stand or were released, with their items `p` and entries `e`. */
function itemsOf(payoutId: string): Prisma.Sql {
  return Prisma.sql`
    (SELECT * FROM payout_lines WHERE payout_id = ${payoutId}) l
    JOIN postings p ON ${IS_ITEM_OF_LINE}
    JOIN journal_entries e ON e.id = p.entry_id`;
}

function kindOf(entryKind: EntryKind): StatementKind {
  const kind = KIND_OF[entryKind];
  if (kind === null) throw new Error(`an entry of kind ${entryKind} is no item of a payout`);
  return kind;
}

function itemOf(row: Row, movement: PayableMovement | null): StatementItem {
  const { seq, entryId, entryKind, occurredAt, amountMinor, currency, commissionId, reason, earlierPayoutId } = row;
  if (commissionId !== null && movement?.amountMinor !== amountMinor) {
    throw new Error(`entry ${entryId} of commission ${commissionId} does not explain ${amountMinor} in a payout`);
  }
  const kind = kindOf(entryKind);
  const description = describe(row, kind, movement);
  return { seq, entryId, kind, occurredAt, description, amountMinor, currency, movement, earlierPayoutId, reason };
}

function describe(row: Row, kind: StatementKind, movement: PayableMovement | null): string {
  const { amountMinor, currency, reason, earlierPeriod } = row;
  const money = `${formatAmount(amountMinor, currency)} ${currency.toUpperCase()}`;
  if (kind === 'adjustment') return `Adjusted by hand: ${reason ?? 'no reason was given'}`;
  if (kind === 'transfer_reversal') {
    return `${money} of the payout of ${earlierPeriod ?? 'an earlier month'} came back from Stripe and is owed again.`;
  }
  const summary = movement?.summary ?? '';
  return kind === 'claw_back' && earlierPeriod ? `${summary} It was in the payout of ${earlierPeriod}.` : summary;
}
