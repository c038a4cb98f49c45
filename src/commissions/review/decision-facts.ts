import { Prisma, type Referral, type ReviewCase } from '@prisma/client';
import type { Tx } from '../../database/database.js';
import { lineOf } from '../payout-lines.js';
import { PAYOUT_NOW } from '../payout-way.js';

/** A closed case, whose decision is complete. */
export interface Decision {
  caseId: string;
  affiliateId: string;
  rule: string;
  staffUserId: string;
  reason: string;
  decidedAt: Date;
}

export function decisionOf({ id, affiliateId, rule, decidedBy, reason, closedAt }: ReviewCase): Decision {
  if (decidedBy === null || reason === null || closedAt === null) throw new Error(`case ${id} is not closed`);
  return { caseId: id, affiliateId, rule, staffUserId: decidedBy, reason, decidedAt: closedAt };
}

/**
 * Keeps that the affiliate's referrals were rejected which the case's signals name, or all that there are now where one
 * names none. The caller has closed the case, so that its signals are final.
 *
 * @returns how many.
 */
export async function storeRejections(tx: Tx, decision: Decision): Promise<number> {
  const { caseId, affiliateId, rule, staffUserId, reason, decidedAt } = decision;
  return tx.$executeRaw`
    INSERT INTO referral_rejections (case_id, referral_id, rule, staff_user_id, reason, rejected_at)
    SELECT ${caseId}, r.id, ${rule}, ${staffUserId}, ${reason}, ${decidedAt} FROM referrals r
    WHERE r.affiliate_id = ${affiliateId}
      AND (EXISTS (SELECT 1 FROM review_signals s WHERE s.case_id = ${caseId} AND s.referral_id IS NULL)
           OR r.id IN (SELECT s.referral_id FROM review_signals s WHERE s.case_id = ${caseId}))`;
}

/**
 * Keeps of which commissions of the rejected referrals a payout holds money now, be it under way or paid: these keep what
 * they are worth. What a payout took and a later one took back, or what came back with its whole transfer, is in none. The
 * caller has locked the balances in an earlier statement, so that no payout comes or goes meanwhile.
 *
 * @returns how many.
 */
export async function storeSpared(tx: Tx, { caseId }: Decision): Promise<number> {
  return tx.$executeRaw`
    INSERT INTO spared_commissions (case_id, commission_id)
    SELECT ${caseId}, c.id FROM referral_rejections rejected JOIN commissions c USING (referral_id)
    WHERE rejected.case_id = ${caseId} AND 0 < (
      SELECT sum(p.amount_minor) FROM journal_entries e
      JOIN postings p ON p.entry_id = e.id AND p.account = 'payable'
      CROSS JOIN LATERAL (${lineOf('p', 'p.seq')}) l
      JOIN payouts first ON first.id = l.payout_id
      LEFT JOIN LATERAL (${PAYOUT_NOW}) later ON first.status = 'reversed'
      WHERE e.commission_id = c.id AND coalesce(later.status, first.status) IN ('pending', 'paid'))`;
}

/** The next of the rejected referrals that had earned something which was not spared, in the order of ids. */
export async function findReversed(tx: Tx, { caseId }: Decision, after: string, limit: number): Promise<Referral[]> {
  const rows = await tx.$queryRaw<{ referralId: string }[]>`
    SELECT referral_id AS "referralId" FROM referral_rejections rejected
    WHERE case_id = ${caseId} AND referral_id > ${after} AND EXISTS (
      SELECT 1 FROM commissions c WHERE c.referral_id = rejected.referral_id AND NOT EXISTS (
        SELECT 1 FROM spared_commissions spared WHERE spared.case_id = ${caseId} AND spared.commission_id = c.id))
    ORDER BY referral_id LIMIT ${limit}`;
  return findReferrals(
    tx,
    rows.map(({ referralId }) => referralId),
  );
}

/** The currencies in which the case's invoices were paid outside Stripe; none where it is about something else. */
export async function findCurrenciesOutOfBand(tx: Tx, caseId: string): Promise<string[]> {
  const rows = await tx.$queryRaw<{ currency: string }[]>`SELECT DISTINCT i.currency FROM ${paidOutOfBand(caseId)}`;
  return rows.map(({ currency }) => currency);
}

/**
 * Keeps that the money was accepted which the case's invoices were paid outside Stripe.
 *
 * @returns the referrals that it earns for.
 */
export async function storeAcceptances(tx: Tx, decision: Decision): Promise<Referral[]> {
  const { caseId, staffUserId, reason, decidedAt } = decision;
  const rows = await tx.$queryRaw<{ referralId: string }[]>`
    INSERT INTO out_of_band_acceptances (case_id, invoice_id, referral_id, amount_minor, staff_user_id, reason, accepted_at)
    SELECT ${caseId}, i.id, s.referral_id, i.amount_paid_off_stripe_minor, ${staffUserId}, ${reason}, ${decidedAt}
    FROM ${paidOutOfBand(caseId)}
    RETURNING referral_id AS "referralId"`;
  return findReferrals(
    tx,
    rows.map(({ referralId }) => referralId),
  );
}

/** The signals `s` of a case about money outside Stripe, with their invoices `i`. */
function paidOutOfBand(caseId: string): Prisma.Sql {
  return Prisma.sql`
    review_cases asked
    JOIN review_signals s ON s.case_id = asked.id AND s.referral_id IS NOT NULL
    JOIN stripe_invoices i ON i.id = s.key AND i.amount_paid_off_stripe_minor > 0
    WHERE asked.id = ${caseId} AND asked.rule = 'paid_out_of_band'`;
}

function findReferrals(tx: Tx, ids: string[]): Promise<Referral[]> {
  return tx.referral.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
}
