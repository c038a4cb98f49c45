import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { lockBalances, type BalanceKey } from '../../commissions/ledger/balances.js';
import { lineOf } from '../../commissions/payout-lines.js';
import { Database, type Tx } from '../../database/database.js';

/** Balances looked at with one query; each has a transaction of its own. */
const BATCH_SIZE = 200;
/** Payouts that one debt is taken from at once; what is left is taken a minute later. */
const PAYOUTS_MAX = 50;

interface Debt {
  owedMinor: bigint;
  /** The newest posting that took something: what is asked for, or refused, answers everything up to it. */
  deductionSeq: bigint;
}

interface PaidPayout {
  id: string;
  transferId: string;
  leftMinor: bigint;
}

/** Finds who owes us what was paid out, and writes down which parts of which transfers are to come back for it. */
@Injectable()
export class ClawbackDebts {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Writes the intents for every affiliate whose payable balance is below zero because of commissions that were reversed
   * after they had been paid: no more than is owed, from the newest paid payout backwards, no more than is left of each.
   * What an adjustment took is staff's to settle. An account that has refused for this debt is not asked again.
   *
   * Idempotent: what is already asked for counts as paid back. Locks the balance, one per transaction.
   */
  async claimBack(): Promise<void> {
    let after: BalanceKey = { affiliateId: '', currency: '' };
    for (;;) {
      const keys = await this.database.prisma.$queryRaw<BalanceKey[]>`
        SELECT affiliate_id AS "affiliateId", currency FROM balances
        WHERE payable_minor < 0 AND paid_out_minor > 0 AND (affiliate_id, currency) > (${after.affiliateId}, ${after.currency})
        ORDER BY affiliate_id, currency LIMIT ${BATCH_SIZE}`;
      for (const key of keys) await this.database.transaction((tx) => this.claimOne(tx, key));
      const last = keys.at(-1);
      if (!last || keys.length < BATCH_SIZE) return;
      after = last;
    }
  }

  private async claimOne(tx: Tx, key: BalanceKey): Promise<void> {
    await lockBalances(tx, [key]);
    const debt = await findDebt(tx, key);
    if (!debt) return;
    let { owedMinor } = debt;
    const now = this.clock.now();
    for (const { id: payoutId, transferId, leftMinor } of await findPayouts(tx, key, debt)) {
      if (owedMinor <= 0n) return;
      const amountMinor = leftMinor < owedMinor ? leftMinor : owedMinor;
      owedMinor -= amountMinor;
      const id = this.ids.next('transferReversal');
      await tx.transferReversal.create({
        data: {
          id,
          payoutId,
          transferId,
          currency: key.currency,
          amountMinor,
          deductionSeq: debt.deductionSeq,
          status: 'pending',
          idempotencyKey: reversalKey(id, 1),
          nextTryAt: now,
          createdAt: now,
        },
      });
    }
  }
}

/** The same for every send of an attempt: the provider then reverses at most once for it. */
export function reversalKey(reversalId: string, attemptNo: number): string {
  return `${reversalId}:${attemptNo}`;
}

/** What the balance lacks, as far as commissions lack it, less what is asked for already. The balance is locked. */
async function findDebt(tx: Tx, { affiliateId, currency }: BalanceKey): Promise<Debt | null> {
  const [debt] = await tx.$queryRaw<Debt[]>`
    SELECT least(-b.payable_minor, -c.net)::bigint - asked.minor AS "owedMinor", c.deduction_seq AS "deductionSeq"
    FROM balances b
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(p.amount_minor), 0)::bigint AS net,
             max(p.seq) FILTER (WHERE p.amount_minor < 0) AS deduction_seq
      FROM postings p JOIN journal_entries e ON e.id = p.entry_id
      WHERE p.affiliate_id = b.affiliate_id AND p.currency = b.currency AND p.seq >= b.first_unlined_seq
        AND p.account = 'payable' AND (e.commission_id IS NOT NULL OR e.kind = 'payout_reversed')
        AND NOT EXISTS (${lineOf('p', 'p.seq')})
    ) c
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(r.amount_minor), 0)::bigint AS minor
      FROM payouts po JOIN transfer_reversals r ON r.payout_id = po.id AND r.status = 'pending'
      WHERE po.affiliate_id = b.affiliate_id AND po.currency = b.currency
    ) asked
    WHERE b.affiliate_id = ${affiliateId} AND b.currency = ${currency} AND c.deduction_seq IS NOT NULL`;
  return debt && debt.owedMinor > 0n ? debt : null;
}

function findPayouts(tx: Tx, { affiliateId, currency }: BalanceKey, { deductionSeq }: Debt): Promise<PaidPayout[]> {
  return tx.$queryRaw<PaidPayout[]>`
    SELECT * FROM (
      SELECT po.id, po.stripe_transfer_id AS "transferId", (po.amount_minor - po.amount_reversed_minor - coalesce((
               SELECT sum(r.amount_minor) FROM transfer_reversals r WHERE r.payout_id = po.id AND r.status = 'pending'), 0))::bigint AS "leftMinor"
      FROM payouts po
      WHERE po.affiliate_id = ${affiliateId} AND po.currency = ${currency} AND po.status = 'paid'
        AND NOT EXISTS (
          SELECT 1 FROM payouts other JOIN transfer_reversals r ON r.payout_id = other.id AND r.status = 'refused'
          WHERE other.affiliate_id = po.affiliate_id AND other.currency = po.currency
            AND other.destination = po.destination AND r.deduction_seq >= ${deductionSeq})
    ) paid
    WHERE "leftMinor" > 0 ORDER BY id DESC LIMIT ${PAYOUTS_MAX}`;
}
