import type { Tx } from '../../database/database.js';

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
export async function loadRejections(tx: Tx, referralIds: string[], commissionIds: string[]): Promise<Rejection[]> {
  const rejections = await tx.referralRejection.findMany({
    where: { referralId: { in: referralIds } },
    orderBy: [{ rejectedAt: 'asc' }, { caseId: 'asc' }],
  });
  if (rejections.length === 0) return [];
  const caseIds = [...new Set(rejections.map(({ caseId }) => caseId))];
  const spared = await tx.sparedCommission.findMany({
    where: { caseId: { in: caseIds }, commissionId: { in: commissionIds } },
  });
  return rejections.map(({ rejectedAt: _rejectedAt, ...rejection }) => ({
    ...rejection,
    sparedCommissionIds: new Set(
      spared.filter(({ caseId }) => caseId === rejection.caseId).map(({ commissionId }) => commissionId),
    ),
  }));
}

/** What staff accepted of these invoices. Hardly any invoice is paid outside Stripe: without one nothing is asked. */
export async function loadAcceptances(tx: Tx, referralIds: string[], invoiceIds: string[]): Promise<Acceptance[]> {
  if (invoiceIds.length === 0) return [];
  return tx.outOfBandAcceptance.findMany({
    where: { referralId: { in: referralIds }, invoiceId: { in: invoiceIds } },
  });
}
