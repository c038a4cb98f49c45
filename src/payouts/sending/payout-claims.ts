import { Injectable } from '@nestjs/common';
import { Prisma, type Payout, type PayoutAttempt } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { hasHoldingCase } from '../../fraud/holding-cases.js';
import { waitsForFunds } from './funds-waits.js';

const CLAIM_SIZE_MAX = 200;
/** No more is claimed than can be sent well within the claim, at the slowest rate too. */
const CLAIM_SECONDS_OF_WORK = 15;
/** A claim outlives the slowest request; the payouts of a process that died are free after it. */
const CLAIM_MS = 45_000;

/** A payout that this process may send, with what was known when it was claimed. */
export interface ClaimedPayout extends Payout {
  /** The present attempt, if any request of it ever left. */
  attempt: PayoutAttempt | null;
  affiliateStatus: string;
  underReview: boolean;
  /** The affiliate's account by now; the payout's own destination never changes. */
  accountId: string | null;
}

/** Which payouts a process works on: each for a while, so that another one takes over what a dead one left. */
@Injectable()
export class PayoutClaims {
  /** How many are claimed at a time. */
  readonly size: number;

  constructor(
    config: Config,
    private readonly clock: Clock,
    private readonly database: Database,
  ) {
    this.size = Math.min(CLAIM_SIZE_MAX, config.payoutRequestsPerSecond * CLAIM_SECONDS_OF_WORK);
  }

  /**
   * Claims pending payouts of the run that are due and do not wait for funds, or one of them alone.
   * SKIP LOCKED: two processes never claim the same one, and neither waits for the other.
   */
  claim(runId: string, only: string | null): Promise<ClaimedPayout[]> {
    const now = this.clock.now();
    const claimedUntil = new Date(now.getTime() + CLAIM_MS);
    return this.database.transaction(async (tx) => {
      const due = await tx.$queryRaw<{ id: string }[]>`
        SELECT p.id FROM payouts p
        WHERE p.run_id = ${runId} AND p.status = 'pending' AND (p.next_try_at IS NULL OR p.next_try_at <= ${now})
          AND (${only}::text IS NULL OR p.id = ${only}) AND NOT ${waitsForFunds()}
        ORDER BY p.id LIMIT ${this.size} FOR UPDATE SKIP LOCKED`;
      if (due.length === 0) return [];
      const ids = due.map(({ id }) => id);
      await tx.payout.updateMany({ where: { id: { in: ids } }, data: { nextTryAt: claimedUntil } });
      const payouts = await tx.payout.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
      const attempts = await tx.payoutAttempt.findMany({ where: { payoutId: { in: ids } } });
      const affiliates = await tx.$queryRaw<
        { id: string; affiliateStatus: string; underReview: boolean; accountId: string | null }[]
      >`
        SELECT a.id, a.status AS "affiliateStatus", ${hasHoldingCase(Prisma.sql`a.id`)} AS "underReview",
               a.stripe_account_id AS "accountId"
        FROM affiliates a WHERE a.id = ANY(${payouts.map(({ affiliateId }) => affiliateId)}::text[])`;
      const affiliateOf = new Map(affiliates.map(({ id, ...affiliate }) => [id, affiliate]));
      return payouts.flatMap((payout) => {
        const affiliate = affiliateOf.get(payout.affiliateId);
        const attempt = attempts.find(
          ({ payoutId, attemptNo }) => payoutId === payout.id && attemptNo === payout.attemptNo,
        );
        return affiliate ? [{ ...payout, ...affiliate, attempt: attempt ?? null }] : [];
      });
    });
  }

  /** Puts pending payouts back until that moment; null: they are due at once. */
  async putBack(payoutIds: string[], until: Date | null): Promise<void> {
    if (payoutIds.length === 0) return;
    await this.database.prisma.payout.updateMany({
      where: { id: { in: payoutIds }, status: 'pending' },
      data: { nextTryAt: until },
    });
  }
}
