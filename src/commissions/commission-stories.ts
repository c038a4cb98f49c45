import { Prisma } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';
import { loadReferrals } from '../referrals/referral-rows.js';
import { NOTHING_LOST, type CommissionEntry, type Standing } from './commission-explanation.js';
import { loadReferralFacts } from './settlement/referral-facts.js';
import { CLOCK_TOLERANCE_MS, targetsOf } from './settlement/targets.js';

/** What happened to a commission, and how it stands by the facts of today. */
export interface Story {
  /** In the order of posting. */
  entries: CommissionEntry[];
  standing: Standing;
}

/** The stories of many commissions, in a handful of queries. One without an entry or without its invoice has none. */
export async function loadStories(
  tx: SqlTx,
  commissions: { id: string; referralId: string }[],
): Promise<Map<string, Story>> {
  if (commissions.length === 0) return new Map();
  const entries = await loadEntries(
    tx,
    commissions.map(({ id }) => id),
  );
  const standings = await loadStandings(tx, commissions);
  const stories = new Map<string, Story>();
  for (const { id } of commissions) {
    const [own, standing] = [entries.get(id), standings.get(id)];
    if (own && standing) stories.set(id, { entries: own, standing });
  }
  return stories;
}

/** An entry with what it did to the commission's payable money, signed. */
export interface StoredEntry extends CommissionEntry {
  payableMinor: bigint;
}

/** What happened to many commissions, each in the order of posting. */
export async function loadEntries(tx: SqlTx, commissionIds: string[]): Promise<Map<string, StoredEntry[]>> {
  const rows = await tx.$queryRaw<(StoredEntry & { commissionId: string })[]>`
    SELECT e.commission_id AS "commissionId", e.id, e.kind, e.occurred_at AS "occurredAt", e.recorded_at AS "recordedAt",
           e.stripe_event_id AS "stripeEventId", e.facts,
           coalesce(-sum(p.amount_minor) FILTER (WHERE p.account = 'commission_expense'), 0)::bigint AS "changeMinor",
           sum(p.amount_minor) FILTER (WHERE p.amount_minor > 0)::bigint AS "movedMinor",
           coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'payable'), 0)::bigint AS "payableMinor"
    FROM journal_entries e JOIN postings p ON p.entry_id = e.id
    WHERE e.commission_id = ANY(${commissionIds}::text[])
    GROUP BY e.id ORDER BY min(p.seq)`;
  const byCommission = new Map<string, StoredEntry[]>();
  for (const { commissionId, ...entry } of rows) {
    byCommission.set(commissionId, [...(byCommission.get(commissionId) ?? []), entry]);
  }
  return byCommission;
}

/**
 * How these commissions stand: as a settlement would work it out today, not as it was when last posted. Nearly all stand as
 * they were earned, which one statement tells; only of the others all facts are loaded. One without its invoice has none.
 */
export async function loadStandings(
  tx: SqlTx,
  commissions: readonly { id: string; referralId: string }[],
): Promise<Map<string, Standing>> {
  const standings = new Map<string, Standing>();
  const ids = commissions.map(({ id }) => id);
  for (const id of await findAsEarned(tx, ids)) standings.set(id, NOTHING_LOST);
  const others = commissions.filter(({ id }) => !standings.has(id)).map(({ referralId }) => referralId);
  const facts = await loadReferralFacts(tx, await loadReferrals(tx, [...new Set(others)]));
  for (const { commission, losses, withinTerm, rejection } of facts.flatMap(targetsOf)) {
    if (!commission) continue;
    standings.set(commission.id, { lostMinor: losses.lostMinor, withinTerm, rejectedFor: rejection?.rule ?? null });
  }
  return standings;
}

/**
 * Those that surely stand as they were earned, by the conditions of targetsOf: no loss on the invoice or its payments,
 * nothing rejected, paid since the signup, and within the plan's months even if the signup itself had been the first payment.
 */
async function findAsEarned(tx: SqlTx, commissionIds: string[]): Promise<string[]> {
  const signedUpAt = Prisma.sql`(r.occurred_at - make_interval(secs => ${CLOCK_TOLERANCE_MS / 1000}::float8))`;
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT c.id
    FROM commissions c
    JOIN stripe_invoices i ON i.id = c.invoice_id
    JOIN referrals r ON r.id = c.referral_id
    JOIN plan_versions v ON v.id = r.plan_version_id
    WHERE c.id = ANY(${commissionIds}::text[]) AND c.part = 'stripe' AND i.paid_at >= ${signedUpAt}
      AND (v.duration_months IS NULL
           OR i.paid_at AT TIME ZONE 'UTC' < ${signedUpAt} AT TIME ZONE 'UTC' + make_interval(months => v.duration_months))
      AND (SELECT TRUE FROM referral_rejections rejection WHERE rejection.referral_id = r.id LIMIT 1) IS NULL
      AND (SELECT TRUE FROM stripe_losses loss WHERE loss.invoice_id = i.id LIMIT 1) IS NULL
      AND (SELECT TRUE FROM stripe_invoice_payments p JOIN stripe_losses loss ON loss.payment_id = p.payment_id
           WHERE p.invoice_id = i.id LIMIT 1) IS NULL`;
  return rows.map(({ id }) => id);
}
