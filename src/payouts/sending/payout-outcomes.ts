import { Injectable, Logger } from '@nestjs/common';
import type { Payout } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { HoldsService } from '../../commissions/holds.service.js';
import { lockBalances } from '../../commissions/ledger/balances.js';
import { Ledger } from '../../commissions/ledger/ledger.js';
import { Database, type Tx } from '../../database/database.js';
import { GroupCommit } from '../../database/group-commit.js';
import { planByIndex } from '../../database/plan-by-index.js';
import type { SkipReason } from '../eligibility/eligibility.js';
import { paidEntry, returnedEntry } from '../payout-entries.js';
import { PayoutEvents } from '../payout-events.js';
import { TransferReversals } from '../reversals/transfer-reversals.service.js';

/** How a payout ends without a transfer; its money is payable again. */
export interface Ending {
  status: 'failed' | 'canceled';
  failureCode: string;
  failureMessage: string | null;
}

interface Paid {
  payout: Payout;
  transferId: string;
}

/**
 * Writes down how payouts ended: status, the attempt's outcome, and the ledger entry, in one transaction. Each changes a
 * payout only while it is pending, under its balance's lock, so doing it twice does it once.
 */
@Injectable()
export class PayoutOutcomes {
  private readonly logger = new Logger(PayoutOutcomes.name);
  private readonly paidOnes = new GroupCommit<Paid>((paid) => this.writePaid(paid));

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly holds: HoldsService,
    private readonly reversals: TransferReversals,
    private readonly events: PayoutEvents,
  ) {}

  /**
   * The transfer exists: in payout → paid out, less what was reversed of it already. Concurrent calls share one
   * transaction. Locks the balances, then the payouts.
   */
  paid(payout: Payout, transferId: string): Promise<void> {
    return this.paidOnes.add({ payout, transferId });
  }

  /** A definite no: the money is payable again and goes into the next run. */
  failed(payout: Payout, code: string, message: string): Promise<void> {
    return this.giveBack([payout], { status: 'failed', failureCode: code, failureMessage: message.slice(0, 500) });
  }

  /** Not eligible any more, and certainly not sent: the money is payable again, and the run lists the reason. */
  canceled(payout: Payout, reason: SkipReason): Promise<void> {
    return this.giveBack([payout], { status: 'canceled', failureCode: reason, failureMessage: null }, async (tx) => {
      const { runId, affiliateId, currency, amountMinor } = payout;
      await tx.payoutSkip.createMany({
        data: [{ runId, affiliateId, currency, reason, amountMinor }],
        skipDuplicates: true,
      });
    });
  }

  /**
   * Returns the money of those that are still pending and of which no request was sent since the caller looked: such a
   * request may be on its way. Set-based, in one transaction with `also`, which runs only if something was returned.
   */
  async giveBack(payouts: Payout[], ending: Ending, also?: (tx: Tx) => Promise<void>): Promise<void> {
    const sends = new Map(payouts.map((payout) => [payout.id, payout.sends]));
    await this.database.transaction(async (tx) => {
      // A run that is canceled gives back what it has just filled these tables with.
      await planByIndex(tx);
      const returned = (await lockPending(tx, payouts)).filter((payout) => payout.sends === sends.get(payout.id));
      if (returned.length === 0) return;
      await this.writeReturned(tx, returned, ending);
      await also?.(tx);
    });
  }

  private async writePaid(paid: Paid[]): Promise<void> {
    const transferOf = new Map(paid.map(({ payout, transferId }) => [payout.id, transferId]));
    const paidAt = this.clock.now();
    const written = await this.database.transaction(async (tx) => {
      const pending = await lockPending(
        tx,
        paid.map(({ payout }) => payout),
      );
      if (pending.length === 0) return pending;
      const rows = pending.map((payout) => ({ ...payout, transferId: transferOf.get(payout.id) ?? '' }));
      await this.markPaid(tx, rows, paidAt);
      await this.ledger.post(
        tx,
        rows.map((payout) => paidEntry(payout, payout.transferId, paidAt)),
      );
      const ids = rows.map(({ id }) => id);
      await this.events.record(tx, 'payout.paid', ids);
      await this.reversals.settle(tx, ids);
      return pending;
    });
    const ids = new Set(written.map(({ id }) => id));
    for (const one of paid) if (!ids.has(one.payout.id)) await this.warnOfStray(one);
  }

  private async markPaid(tx: Tx, rows: (Payout & { transferId: string })[], paidAt: Date): Promise<void> {
    const ids = rows.map(({ id }) => id);
    const transferIds = rows.map(({ transferId }) => transferId);
    await tx.$executeRaw`
      UPDATE payouts p SET status = 'paid', stripe_transfer_id = w.transfer_id, paid_at = ${paidAt}, next_try_at = NULL
      FROM unnest(${ids}::text[], ${transferIds}::text[]) AS w (id, transfer_id) WHERE p.id = w.id`;
    await tx.$executeRaw`
      UPDATE payout_attempts t SET outcome = 'sent', outcome_detail = w.transfer_id, resolved_at = ${paidAt}
      FROM unnest(${ids}::text[], ${transferIds}::text[]) AS w (id, transfer_id)
      JOIN payouts p ON p.id = w.id
      WHERE t.payout_id = w.id AND t.attempt_no = p.attempt_no`;
  }

  private async writeReturned(tx: Tx, payouts: Payout[], ending: Ending): Promise<void> {
    const now = this.clock.now();
    const ids = payouts.map(({ id }) => id);
    await tx.payout.updateMany({ where: { id: { in: ids } }, data: { ...ending, nextTryAt: null } });
    await tx.$executeRaw`
      UPDATE payout_attempts t SET outcome = 'refused', outcome_detail = ${ending.failureCode}, resolved_at = ${now}
      WHERE t.payout_id = ANY(${ids}::text[]) AND t.outcome = 'unknown'
        AND t.attempt_no = (SELECT p.attempt_no FROM payouts p WHERE p.id = t.payout_id)`;
    await tx.$executeRaw`
      WITH released AS (
        UPDATE payout_lines SET released_at = ${now}
        WHERE payout_id = ANY(${ids}::text[]) AND released_at IS NULL
        RETURNING affiliate_id, currency, first_seq
      )
      UPDATE balances b SET first_unlined_seq = least(b.first_unlined_seq, r.first_seq)
      FROM (SELECT affiliate_id, currency, min(first_seq) AS first_seq FROM released GROUP BY 1, 2) r
      WHERE b.affiliate_id = r.affiliate_id AND b.currency = r.currency`;
    await this.ledger.post(
      tx,
      payouts.map((payout) => returnedEntry(payout, now)),
    );
    if (ending.status === 'failed') await this.events.record(tx, 'payout.failed', ids);
    // Should a transfer be known nevertheless, the affiliate waits for staff instead of being paid twice.
    await this.reversals.settle(tx, ids);
    await this.holds.holdInquired(tx, ids);
  }

  /** Twice the same is the normal end of a request that was sent twice under one key. */
  private async warnOfStray({ payout: { id }, transferId }: Paid): Promise<void> {
    const current = await this.database.prisma.payout.findUniqueOrThrow({ where: { id } });
    if (current.stripeTransferId === transferId) return;
    this.logger.error({
      code: 'unexpected_transfer',
      message: 'a transfer exists for a payout that did not wait for it',
      payoutId: id,
      transferId,
    });
  }
}

/** Locks the balances, then the payouts. @returns those that are pending, as they are now. */
async function lockPending(tx: Tx, payouts: Payout[]): Promise<Payout[]> {
  await lockBalances(tx, payouts);
  const ids = payouts.map(({ id }) => id);
  await tx.$executeRaw`SELECT 1 FROM payouts WHERE id = ANY(${ids}::text[]) ORDER BY id FOR UPDATE`;
  return tx.payout.findMany({ where: { id: { in: ids }, status: 'pending' } });
}
