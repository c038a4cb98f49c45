import type { Commission } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';

/** What has been earned for these referrals, and by which invoices. */
export function findCommissionsOf(tx: SqlTx, referralIds: string[]): Promise<Pick<Commission, 'id' | 'invoiceId'>[]> {
  return tx.$queryRaw`
    SELECT id, invoice_id AS "invoiceId" FROM commissions WHERE referral_id = ANY(${referralIds}::text[])`;
}

/** What these invoices have earned, for whomever. Of many at once: Prisma's own reading takes several times as long. */
export function loadCommissionsFor(tx: SqlTx, invoiceIds: string[]): Promise<Commission[]> {
  return tx.$queryRaw`
    SELECT id, affiliate_id AS "affiliateId", referral_id AS "referralId", invoice_id AS "invoiceId", part, currency,
           amount_minor AS "amountMinor", invoice_amount_paid_minor AS "invoiceAmountPaidMinor",
           invoice_total_minor AS "invoiceTotalMinor", invoice_net_total_minor AS "invoiceNetTotalMinor", base_minor AS "baseMinor",
           rate_bps AS "rateBps", rate_source AS "rateSource", plan_version_id AS "planVersionId",
           invoice_paid_at AS "invoicePaidAt", available_at AS "availableAt", created_at AS "createdAt"
    FROM commissions WHERE invoice_id = ANY(${invoiceIds}::text[])`;
}

/** Writes what has been earned, in one statement for any number. The caller posts it in the same transaction. */
export async function insertCommissions(tx: SqlTx, commissions: readonly Commission[]): Promise<void> {
  if (commissions.length === 0) return;
  const column = <K extends keyof Commission>(name: K): Commission[K][] => commissions.map((row) => row[name]);
  await tx.$executeRaw`
    INSERT INTO commissions (id, affiliate_id, referral_id, invoice_id, part, currency, amount_minor, invoice_amount_paid_minor,
                             invoice_total_minor, invoice_net_total_minor, base_minor, rate_bps, rate_source, plan_version_id,
                             invoice_paid_at, available_at, created_at)
    SELECT * FROM unnest(
      ${column('id')}::text[], ${column('affiliateId')}::text[], ${column('referralId')}::text[], ${column('invoiceId')}::text[],
      ${column('part')}::text[], ${column('currency')}::text[], ${column('amountMinor')}::bigint[],
      ${column('invoiceAmountPaidMinor')}::bigint[], ${column('invoiceTotalMinor')}::bigint[],
      ${column('invoiceNetTotalMinor')}::bigint[], ${column('baseMinor')}::bigint[], ${column('rateBps')}::int[],
      ${column('rateSource')}::text[], ${column('planVersionId')}::text[], ${column('invoicePaidAt')}::timestamptz[],
      ${column('availableAt')}::timestamptz[], ${column('createdAt')}::timestamptz[])`;
}

/** Puts commissions on the release job's work list, where they are not on it already. */
export async function insertHolds(tx: SqlTx, commissions: readonly Commission[]): Promise<void> {
  if (commissions.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO commission_holds (commission_id, affiliate_id, currency, available_at)
    SELECT * FROM unnest(${commissions.map(({ id }) => id)}::text[], ${commissions.map(({ affiliateId }) => affiliateId)}::text[],
                         ${commissions.map(({ currency }) => currency)}::text[],
                         ${commissions.map(({ availableAt }) => availableAt)}::timestamptz[])
    ON CONFLICT (commission_id) DO NOTHING`;
}
