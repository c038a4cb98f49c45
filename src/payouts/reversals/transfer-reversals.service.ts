import { Injectable, Logger } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { formatAmount } from '../../common/money.js';
import { lockBalances } from '../../commissions/ledger/balances.js';
import { Ledger } from '../../commissions/ledger/ledger.js';
import type { Tx } from '../../database/database.js';
import { ReviewCases } from '../../fraud/review-cases.service.js';
import { reversedEntry } from '../payout-entries.js';
import { PayoutEvents } from '../payout-events.js';
import type { TransferFact } from './transfer-fact.js';

/** A payout that has its outcome beside a transfer of its group, where the two do not say the same. */
interface Discrepancy {
  payoutId: string;
  status: string;
  affiliateId: string;
  currency: string;
  /** What the ledger has posted as reversed. */
  postedMinor: bigint;
  transferId: string;
  transferCurrency: string;
  transferMinor: bigint;
  /** What Stripe has reversed. */
  reversedMinor: bigint;
  reversedAt: Date | null;
  stripeEventId: string | null;
  /** Whether this is the transfer that the payout was paid with, as it was asked for. */
  isPayouts: boolean;
  /** What of the reversed amount others than us have certainly asked for, and as much of it as staff know of. */
  byOthersMinor: bigint;
  reportedMinor: bigint;
}

/**
 * Keeps what Stripe tells of transfers, and brings the ledger to it. What was reversed of a payout goes from paid out
 * back to payable: the difference to the largest amount seen, hence each cent once, in whatever order and however often
 * it is told.
 */
@Injectable()
export class TransferReversals {
  private readonly logger = new Logger(TransferReversals.name);

  constructor(
    private readonly clock: Clock,
    private readonly ledger: Ledger,
    private readonly reviewCases: ReviewCases,
    private readonly events: PayoutEvents,
  ) {}

  /**
   * Keeps the fact, and settles its payout if that has its outcome already; if not, whoever writes the outcome does.
   * Idempotent; an older state of the transfer changes nothing. Locks the transfer's row, then the payout's balance.
   */
  async record(tx: Tx, fact: TransferFact, stripeEventId: string | null): Promise<void> {
    const { transferId, payoutId, amountMinor, amountReversedMinor, currency, destination, createdAt } = fact;
    const reversedAt = amountReversedMinor > 0n ? (fact.reversedAt ?? this.clock.now()) : null;
    await tx.$executeRaw`
      INSERT INTO stripe_transfers AS known (id, payout_id, amount_minor, amount_reversed_minor, currency, destination,
                                             reversed_at, stripe_event_id, created_at, received_at)
      VALUES (${transferId}, ${payoutId}, ${amountMinor}, ${amountReversedMinor}, ${currency}, ${destination},
              ${reversedAt}, ${stripeEventId}, ${createdAt}, ${this.clock.now()})
      ON CONFLICT (id) DO UPDATE SET amount_reversed_minor = EXCLUDED.amount_reversed_minor,
        reversed_at = EXCLUDED.reversed_at, stripe_event_id = EXCLUDED.stripe_event_id
      WHERE EXCLUDED.amount_reversed_minor > known.amount_reversed_minor`;
    const payout = await tx.payout.findUnique({
      where: { id: payoutId },
      select: { affiliateId: true, currency: true },
    });
    if (!payout) {
      this.logger.error({
        code: 'unexpected_transfer',
        message: 'Stripe has a transfer in the group of a payout that does not exist here',
        payoutId,
        transferId,
      });
      return;
    }
    await lockBalances(tx, [payout]);
    await this.settle(tx, [payoutId]);
  }

  /**
   * Posts what is known to be reversed of these payouts and not posted yet, marks those of which nothing is left as
   * `reversed`, and opens a holding case where it was not us who took the money back, or where a transfer is not the one
   * that the payout was paid with. A payout that waits for its outcome is passed over: whoever writes that outcome calls
   * this for it in the same transaction.
   *
   * One query when there is nothing to do. The caller has locked the balances of these payouts, in an earlier statement.
   */
  async settle(tx: Tx, payoutIds: string[]): Promise<void> {
    const discrepancies = await findDiscrepancies(tx, payoutIds);
    const [reversed, unexpected] = [
      discrepancies.filter(({ isPayouts }) => isPayouts),
      discrepancies.filter(({ isPayouts }) => !isPayouts),
    ];
    for (const transfer of unexpected) await this.report(tx, transfer);
    for (const payout of reversed) {
      if (payout.byOthersMinor > payout.reportedMinor) await this.reportReversal(tx, payout);
    }
    await this.post(
      tx,
      reversed.filter(({ reversedMinor, postedMinor }) => reversedMinor > postedMinor),
    );
  }

  private async post(tx: Tx, payouts: Discrepancy[]): Promise<void> {
    if (payouts.length === 0) return;
    await this.ledger.post(
      tx,
      payouts.map((payout) =>
        reversedEntry(
          { ...payout, id: payout.payoutId },
          {
            ...payout,
            reversedBeforeMinor: payout.postedMinor,
            amountReversedMinor: payout.reversedMinor,
            reversedAt: payout.reversedAt ?? this.clock.now(),
          },
        ),
      ),
    );
    await tx.$executeRaw`
      UPDATE payouts po SET amount_reversed_minor = seen.reversed,
        status = CASE WHEN seen.reversed = po.amount_minor THEN 'reversed' ELSE po.status END
      FROM unnest(${payouts.map(({ payoutId }) => payoutId)}::text[], ${payouts.map(({ reversedMinor }) => reversedMinor)}::bigint[])
        AS seen (id, reversed)
      WHERE po.id = seen.id`;
    await this.events.record(
      tx,
      'payout.reversed',
      payouts.map(({ payoutId }) => payoutId),
    );
  }

  /** The money lies with us again, and somebody wanted it so: nothing is paid before staff have said why. */
  private async reportReversal(tx: Tx, payout: Discrepancy): Promise<void> {
    const { payoutId, transferId, affiliateId, byOthersMinor, stripeEventId } = payout;
    await tx.stripeTransfer.update({ where: { id: transferId }, data: { reversedByOthersMinor: byOthersMinor } });
    const amount = money(byOthersMinor, payout.currency);
    await this.reviewCases.open(tx, {
      affiliateId,
      rule: 'transfer_reversed',
      signal: {
        key: `${transferId}:${byOthersMinor}`,
        summary: `Of transfer ${transferId} (payout ${payoutId}), ${amount} was taken back at Stripe, and not by this service.`,
        evidence: { payoutId, transferId, amountReversed: byOthersMinor.toString(), currency: payout.currency },
        ...(stripeEventId !== null && { stripeEventId }),
      },
    });
  }

  /** Money went to the affiliate that the ledger does not count as paid, or not so: it might be paid twice. */
  private async report(tx: Tx, found: Discrepancy): Promise<void> {
    const { payoutId, transferId, affiliateId, status, stripeEventId } = found;
    const amount = money(found.transferMinor - found.reversedMinor, found.transferCurrency);
    this.logger.error({
      code: 'unexpected_transfer',
      message: 'Stripe has a transfer in the group of a payout that is not the one it was paid with',
      payoutId,
      transferId,
      affiliateId,
      payoutStatus: status,
    });
    await this.reviewCases.open(tx, {
      affiliateId,
      rule: 'unexpected_transfer',
      signal: {
        key: transferId,
        summary: `Transfer ${transferId} of ${amount} is not the one that payout ${payoutId} (${status}) stands for.`,
        evidence: { payoutId, payoutStatus: status, transferId, amount: found.transferMinor.toString() },
        ...(stripeEventId !== null && { stripeEventId }),
      },
    });
  }
}

/**
 * A transfer that came back whole is no discrepancy, whosever it was: no money is out. Sorted as cases are opened, by
 * affiliate.
 */
function findDiscrepancies(tx: Tx, payoutIds: string[]): Promise<Discrepancy[]> {
  const isPayouts = Prisma.sql`(t.id = po.stripe_transfer_id AND po.status IN ('paid', 'reversed')
    AND (t.amount_minor, t.currency, t.destination) = (po.amount_minor, po.currency, po.destination))`;
  return tx.$queryRaw<Discrepancy[]>`
    SELECT * FROM (
      SELECT po.id AS "payoutId", po.status, po.affiliate_id AS "affiliateId", po.currency,
             po.amount_reversed_minor AS "postedMinor", t.id AS "transferId", t.currency AS "transferCurrency",
             t.amount_minor AS "transferMinor", t.amount_reversed_minor AS "reversedMinor", t.reversed_at AS "reversedAt",
             t.stripe_event_id AS "stripeEventId", ${isPayouts} IS TRUE AS "isPayouts",
             greatest(0, t.amount_reversed_minor - coalesce(own.amount_minor, 0))::bigint AS "byOthersMinor",
             t.reversed_by_others_minor AS "reportedMinor"
      FROM payouts po
      JOIN stripe_transfers t ON t.payout_id = po.id
      LEFT JOIN LATERAL (
        SELECT sum(r.amount_minor) AS amount_minor FROM transfer_reversals r
        WHERE r.transfer_id = t.id AND r.status IN ('pending', 'succeeded')
      ) own ON TRUE
      WHERE po.id = ANY(${payoutIds}::text[]) AND po.status <> 'pending'
    ) known
    WHERE CASE WHEN "isPayouts" THEN "reversedMinor" > "postedMinor" OR "byOthersMinor" > "reportedMinor"
               ELSE "transferMinor" > "reversedMinor" END
    ORDER BY "affiliateId", "payoutId", "transferId"`;
}

function money(amountMinor: bigint, currency: string): string {
  return `${formatAmount(amountMinor, currency)} ${currency.toUpperCase()}`;
}
