import type { Tx } from '../database/database.js';
import type { CommissionEntry, Standing } from './commission-explanation.js';
import { loadReferralFacts } from './settlement/referral-facts.js';
import { targetsOf } from './settlement/targets.js';

/** What happened to a commission, and how it stands by the facts of today. */
export interface Story {
  /** In the order of posting. */
  entries: CommissionEntry[];
  standing: Standing;
}

/** The stories of many commissions, in a handful of queries. One without an entry or without its invoice has none. */
export async function loadStories(
  tx: Tx,
  commissions: { id: string; referralId: string }[],
): Promise<Map<string, Story>> {
  if (commissions.length === 0) return new Map();
  const entries = await loadEntries(
    tx,
    commissions.map(({ id }) => id),
  );
  const standings = await loadStandings(
    tx,
    commissions.map(({ referralId }) => referralId),
  );
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
export async function loadEntries(tx: Tx, commissionIds: string[]): Promise<Map<string, StoredEntry[]>> {
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

/** How the commissions of these referrals stand: worked out as a settlement would, not as it was when last posted. */
async function loadStandings(tx: Tx, referralIds: string[]): Promise<Map<string, Standing>> {
  const referrals = await tx.referral.findMany({ where: { id: { in: [...new Set(referralIds)] } } });
  const facts = await loadReferralFacts(tx, referrals);
  return new Map(
    facts
      .flatMap(targetsOf)
      .flatMap(({ commission, losses, withinTerm, rejection }): [string, Standing][] =>
        commission
          ? [[commission.id, { lostMinor: losses.lostMinor, withinTerm, rejectedFor: rejection?.rule ?? null }]]
          : [],
      ),
  );
}
