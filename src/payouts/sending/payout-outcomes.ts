import { Injectable, Logger } from '@nestjs/common';
import type { Payout } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { HoldsService } from '../../commissions/holds.service.js';
import { lockBalances } from '../../commissions/ledger/balances.js';
import { Ledger } from '../../commissions/ledger/ledger.js';
import { Database, type Tx } from '../../database/database.js';
import { TransferReversals } from '../reversals/transfer-reversals.service.js';
import type { SkipReason } from '../eligibility/eligibility.js';

/**
 * Writes down how a payout ended: its status, the attempt's outcome, and the ledger entry, in one transaction. Each
 * changes a payout only while it is pending, under its balance's lock, so doing it twice does it once.
 */
@Injectable()
export class PayoutOutcomes {
  private readonly logger = new Logger(PayoutOutcomes.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly holds: HoldsService,
    private readonly reversals: TransferReversals,
  ) {}

  /** The transfer exists: in payout → paid out. */
  async paid(payout: Payout, transferId: string): Promise<void> {
    const paidAt = this.clock.now();
    const work = async (tx: Tx): Promise<void> => {
      await tx.payout.update({
        where: { id: payout.id },
        data: { status: 'paid', stripeTransferId: transferId, paidAt, nextTryAt: null },
      });
      await this.resolveAttempt(tx, payout, 'sent', transferId);
      await this.ledger.post(tx, [
        {
          kind: 'payout_paid',
          uniqueKey: `payout_paid:${payout.id}`,
          facts: { payoutId: payout.id, transferId, amountMinor: payout.amountMinor },
          affiliateId: payout.affiliateId,
          currency: payout.currency,
          from: 'in_payout',
          to: 'paid_out',
          amountMinor: payout.amountMinor,
          occurredAt: paidAt,
          payoutId: payout.id,
        },
      ]);
      // Stripe may have told of the transfer, and of its being taken back, before this was written down.
      await this.reversals.settle(tx, [payout.id]);
    };
    const before = await this.lockedWhilePending(payout, () => true, work);
    if (before.status !== 'pending' && before.stripeTransferId !== transferId) {
      this.logger.error({
        message: 'a transfer exists for a payout that did not wait for it',
        payoutId: payout.id,
        transferId,
      });
    }
  }

  /** A definite no: the money is payable again and goes into the next run. */
  async failed(payout: Payout, code: string, message: string): Promise<void> {
    await this.unlessSentSince(payout, async (tx) => {
      await this.resolveAttempt(tx, payout, 'refused', code);
      await this.giveBack(tx, payout, { status: 'failed', failureCode: code, failureMessage: message.slice(0, 500) });
    });
  }

  /** Not eligible any more, and certainly not sent: the money is payable again, and the run lists the reason. */
  async canceled(payout: Payout, reason: SkipReason): Promise<void> {
    await this.unlessSentSince(payout, async (tx) => {
      await this.giveBack(tx, payout, { status: 'canceled', failureCode: reason, failureMessage: null });
      const { runId, affiliateId, currency, amountMinor } = payout;
      await tx.payoutSkip.createMany({
        data: [{ runId, affiliateId, currency, reason, amountMinor }],
        skipDuplicates: true,
      });
    });
  }

  private async giveBack(
    tx: Tx,
    payout: Payout,
    end: { status: string; failureCode: string; failureMessage: string | null },
  ): Promise<void> {
    const now = this.clock.now();
    await tx.payout.update({ where: { id: payout.id }, data: { ...end, nextTryAt: null } });
    const [released] = await tx.$queryRaw<{ firstSeq: bigint }[]>`
      WITH released AS (
        UPDATE payout_lines SET released_at = ${now} WHERE payout_id = ${payout.id} AND released_at IS NULL RETURNING seq
      ) SELECT min(seq) AS "firstSeq" FROM released`;
    await tx.$executeRaw`
      UPDATE balances SET first_unlined_seq = least(first_unlined_seq, ${released?.firstSeq ?? null}::bigint)
      WHERE affiliate_id = ${payout.affiliateId} AND currency = ${payout.currency}`;
    await this.ledger.post(tx, [
      {
        kind: 'payout_returned',
        uniqueKey: `payout_returned:${payout.id}`,
        facts: { payoutId: payout.id, amountMinor: payout.amountMinor },
        affiliateId: payout.affiliateId,
        currency: payout.currency,
        from: 'in_payout',
        to: 'payable',
        amountMinor: payout.amountMinor,
        occurredAt: now,
        payoutId: payout.id,
      },
    ]);
    await this.holds.holdInquired(tx, payout.id);
  }

  private async resolveAttempt(tx: Tx, payout: Payout, outcome: string, outcomeDetail: string): Promise<void> {
    await tx.payoutAttempt.updateMany({
      where: { payoutId: payout.id, attemptNo: payout.attemptNo },
      data: { outcome, outcomeDetail, resolvedAt: this.clock.now() },
    });
  }

  /** Money is given back only if nobody has sent the payout since the caller looked: that request may be on its way. */
  private async unlessSentSince(payout: Payout, work: (tx: Tx) => Promise<void>): Promise<void> {
    await this.lockedWhilePending(payout, (current) => current.sends === payout.sends, work);
  }

  /** Locks the balance, then the payout. @returns the payout as it was found. */
  private lockedWhilePending(
    payout: Payout,
    condition: (current: Payout) => boolean,
    work: (tx: Tx) => Promise<void>,
  ): Promise<Payout> {
    return this.database.transaction(async (tx) => {
      await lockBalances(tx, [payout]);
      await tx.$executeRaw`SELECT 1 FROM payouts WHERE id = ${payout.id} FOR UPDATE`;
      const current = await tx.payout.findUniqueOrThrow({ where: { id: payout.id } });
      if (current.status === 'pending' && condition(current)) await work(tx);
      return current;
    });
  }
}
