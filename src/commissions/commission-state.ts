import type { SqlTx } from '../database/sql-transaction.js';
import type { CommissionState } from './commission.dto.js';
import { lineOf } from './payout-lines.js';
import { PAYOUT_NOW } from './payout-way.js';
import type { InvoicePart } from './settlement/targets.js';

export interface CommissionRow {
  id: string;
  affiliateId: string;
  referralId: string;
  invoiceId: string;
  part: InvoicePart;
  currency: string;
  amountMinor: bigint;
  netMinor: bigint;
  state: CommissionState;
  invoiceAmountPaidMinor: bigint;
  invoiceTotalMinor: bigint;
  invoiceNetTotalMinor: bigint | null;
  baseMinor: bigint;
  rateBps: number;
  rateSource: 'affiliate' | 'plan';
  planVersionId: string;
  availableAt: Date;
  createdAt: Date;
  payoutId: string | null;
  paidAt: Date | null;
}

/**
 * These commissions as they are in this transaction, newest first, without their explanations.
 *
 * A commission's state follows from its net (0 → reversed), the balance it lies in, and the
 * payout of its first payable posting's live line. Where that payout's transfer was reversed whole, the money goes the
 * way of what was posted back: payable again, and then in the payout that takes it.
 *
 * Lists find their ids by other statements, so that this one, which takes longer to plan than to run, is the same for all of
 * them: a connection plans it once.
 */
export function selectCommissions(tx: SqlTx, ids: string[]): Promise<CommissionRow[]> {
  return tx.$queryRaw<CommissionRow[]>`
    SELECT c.id, c.affiliate_id AS "affiliateId", c.referral_id AS "referralId", c.invoice_id AS "invoiceId", c.part, c.currency,
           c.amount_minor AS "amountMinor", l.net AS "netMinor",
           CASE WHEN l.net = 0 THEN 'reversed' WHEN l.held > 0 THEN 'held' WHEN po.status = 'paid' THEN 'paid'
                WHEN po.status = 'pending' THEN 'in_payout' ELSE 'payable' END AS state,
           c.invoice_amount_paid_minor AS "invoiceAmountPaidMinor", c.invoice_total_minor AS "invoiceTotalMinor",
           c.invoice_net_total_minor AS "invoiceNetTotalMinor", c.base_minor AS "baseMinor", c.rate_bps AS "rateBps", c.rate_source AS "rateSource",
           c.plan_version_id AS "planVersionId", c.available_at AS "availableAt", c.created_at AS "createdAt",
           po.id AS "payoutId", po.paid_at AS "paidAt"
    FROM commissions c
    CROSS JOIN LATERAL (
      SELECT coalesce(-sum(p.amount_minor) FILTER (WHERE p.account = 'commission_expense'), 0)::bigint AS net,
             coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'held'), 0)::bigint AS held,
             min(p.seq) FILTER (WHERE p.account = 'payable' AND p.amount_minor > 0) AS payable_seq
      FROM journal_entries e JOIN postings p ON p.entry_id = e.id
      WHERE e.commission_id = c.id
    ) l
    LEFT JOIN LATERAL (${lineOf('c', 'l.payable_seq')}) line ON TRUE
    LEFT JOIN payouts first ON first.id = line.payout_id
    LEFT JOIN LATERAL (
      ${PAYOUT_NOW}
    ) later ON first.status = 'reversed'
    LEFT JOIN payouts po ON po.id = coalesce(later.id, first.id) AND po.status <> 'reversed'
    WHERE c.id = ANY(${ids}::text[])
    ORDER BY c.id DESC`;
}
