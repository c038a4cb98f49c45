import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../database/database.js';
import { lockBalances } from './ledger/balances.js';
import { Ledger } from './ledger/ledger.js';

const BATCH_SIZE = 500;

interface DueHold {
  commissionId: string;
  affiliateId: string;
  currency: string;
  availableAt: Date;
}

/** Makes held commissions payable once their hold has run out. */
@Injectable()
export class HoldReleaseService {
  private readonly logger = new Logger(HoldReleaseService.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly ledger: Ledger,
  ) {}

  /** What is due now, each minute on every instance: two at once release each commission once. */
  @Cron(CronExpression.EVERY_MINUTE)
  async releaseDueNow(): Promise<void> {
    try {
      await this.releaseDue(this.clock.now());
    } catch (error) {
      this.logger.error({ message: 'holds could not be released; tried again within a minute', error: String(error) });
    }
  }

  /**
   * Releases every commission whose `availableAt` has come by `asOf`, in batches of one transaction each. Safe to run
   * at any time and twice at once: a batch locks the balances first and takes only holds that are still there.
   *
   * @returns how many commissions were released.
   */
  async releaseDue(asOf: Date): Promise<number> {
    let released = 0;
    for (;;) {
      const due = await this.database.prisma.commissionHold.findMany({
        where: { availableAt: { lte: asOf } },
        orderBy: { availableAt: 'asc' },
        take: BATCH_SIZE,
      });
      if (due.length === 0) return released;
      released += await this.database.transaction((tx) => this.release(tx, due));
    }
  }

  private async release(tx: Tx, due: DueHold[]): Promise<number> {
    await lockBalances(tx, due);
    const taken = await tx.$queryRaw<(DueHold & { heldMinor: bigint })[]>`
      WITH taken AS (
        DELETE FROM commission_holds WHERE commission_id = ANY(${due.map((hold) => hold.commissionId)}::text[])
        RETURNING commission_id, affiliate_id, currency, available_at
      )
      SELECT t.commission_id AS "commissionId", t.affiliate_id AS "affiliateId", t.currency, t.available_at AS "availableAt",
             coalesce(sum(p.amount_minor), 0)::bigint AS "heldMinor"
      FROM taken t
      LEFT JOIN journal_entries e ON e.commission_id = t.commission_id
      LEFT JOIN postings p ON p.entry_id = e.id AND p.account = 'held'
      GROUP BY t.commission_id, t.affiliate_id, t.currency, t.available_at`;
    await this.ledger.post(
      tx,
      taken
        .filter(({ heldMinor }) => heldMinor > 0n)
        .map(({ commissionId, affiliateId, currency, availableAt, heldMinor }) => ({
          kind: 'commission_released' as const,
          uniqueKey: `released:${commissionId}`,
          facts: { commissionId, availableAt: availableAt.toISOString() },
          affiliateId,
          currency,
          from: 'held' as const,
          to: 'payable' as const,
          amountMinor: heldMinor,
          occurredAt: availableAt,
          commissionId,
        })),
    );
    return taken.length;
  }
}
