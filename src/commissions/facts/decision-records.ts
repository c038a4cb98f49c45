import type { ReferralRejection, SparedCommission } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';

/** Staff rejected a referral: nothing of it earns, but what stood in a payout at that moment. */
export interface Rejection {
  referralId: string;
  caseId: string;
  /** The rule of the case: why, in a word that the affiliate may read. */
  rule: string;
  staffUserId: string;
  reason: string;
  sparedCommissionIds: ReadonlySet<string>;
}

/** Staff accepted what was paid of an invoice outside Stripe, for this referral. */
export interface Acceptance {
  referralId: string;
  invoiceId: string;
  caseId: string;
  amountMinor: bigint;
  staffUserId: string;
  reason: string;
  acceptedAt: Date;
}

/** What staff decided about these referrals, oldest first. */
export async function loadRejections(tx: SqlTx, referralIds: string[], commissionIds: string[]): Promise<Rejection[]> {
  const rejections = await tx.$queryRaw<ReferralRejection[]>`
    SELECT case_id AS "caseId", referral_id AS "referralId", rule, staff_user_id AS "staffUserId", reason, rejected_at AS "rejectedAt"
    FROM referral_rejections WHERE referral_id = ANY(${referralIds}::text[])
    ORDER BY rejected_at, case_id`;
  if (rejections.length === 0) return [];
  const caseIds = [...new Set(rejections.map(({ caseId }) => caseId))];
  const spared = await tx.$queryRaw<Pick<SparedCommission, 'caseId' | 'commissionId'>[]>`
    SELECT case_id AS "caseId", commission_id AS "commissionId" FROM spared_commissions
    WHERE case_id = ANY(${caseIds}::text[]) AND commission_id = ANY(${commissionIds}::text[])`;
  return rejections.map(({ rejectedAt: _rejectedAt, ...rejection }) => ({
    ...rejection,
    sparedCommissionIds: new Set(
      spared.filter(({ caseId }) => caseId === rejection.caseId).map(({ commissionId }) => commissionId),
    ),
  }));
}

/** What staff accepted of these invoices. Hardly any invoice is paid outside Stripe: without one nothing is asked. */
export async function loadAcceptances(tx: SqlTx, referralIds: string[], invoiceIds: string[]): Promise<Acceptance[]> {
  if (invoiceIds.length === 0) return [];
  return tx.$queryRaw`
    SELECT referral_id AS "referralId", invoice_id AS "invoiceId", case_id AS "caseId", amount_minor AS "amountMinor",
           staff_user_id AS "staffUserId", reason, accepted_at AS "acceptedAt"
    FROM out_of_band_acceptances
    WHERE referral_id = ANY(${referralIds}::text[]) AND invoice_id = ANY(${invoiceIds}::text[])`;
}
