import { Injectable, Logger } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { PlatformFunds } from '../eligibility/platform-funds.js';

/**
 * The currencies that wait for funds. The balance is the platform's, not a run's or a payout's: after one refusal
 * nothing new is sent in that currency, in any run, until the balance is there; the other currencies go on.
 */
@Injectable()
export class FundsWaits {
  private readonly logger = new Logger(FundsWaits.name);
  /** What this process was refused itself: payouts that it had claimed by then must wait as well. */
  private readonly refused = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly funds: PlatformFunds,
  ) {}

  /** The provider said that the balance does not suffice. Idempotent. */
  async begin(currency: string): Promise<void> {
    this.refused.add(currency);
    const { count } = await this.database.prisma.fundsWait.createMany({
      data: [{ currency, since: this.clock.now() }],
      skipDuplicates: true,
    });
    if (count > 0) {
      this.logger.warn({ code: 'payouts_wait_for_funds', message: 'payouts of a currency wait for funds', currency });
    }
  }

  /** Whether this process was refused in that currency and has not seen funds since. */
  wasRefused(currency: string): boolean {
    return this.refused.has(currency);
  }

  /**
   * Asks for the balance, if anything waits for it, and ends the wait of each currency that has enough for the smallest
   * payout that waits. Where the provider cannot be asked the wait goes on.
   */
  async endWhereFunded(): Promise<void> {
    const waiting = await this.database.prisma.$queryRaw<{ currency: string; smallestMinor: bigint | null }[]>`
      SELECT w.currency, (SELECT min(p.amount_minor) FROM payouts p WHERE p.currency = w.currency AND p.status = 'pending')
             AS "smallestMinor"
      FROM funds_waits w`;
    for (const currency of this.refused) {
      if (!waiting.some((one) => one.currency === currency)) this.refused.delete(currency);
    }
    if (waiting.length === 0) return;
    const available = await this.funds.findAvailable();
    if (!available) return;
    const funded = waiting
      .filter(({ currency, smallestMinor }) => (available.get(currency) ?? 0n) >= (smallestMinor ?? 0n))
      .map(({ currency }) => currency);
    await this.database.prisma.fundsWait.deleteMany({ where: { currency: { in: funded } } });
    for (const currency of funded) this.refused.delete(currency);
  }
}

/**
 * Whether the payout `p` lacks funds: its currency waits, and no request of it is without an answer. That is looked up for
 * each by itself (OFFSET 0): as a set it would be read from all requests there ever were.
 */
export function waitsForFunds(): Prisma.Sql {
  return Prisma.sql`(
    EXISTS (SELECT 1 FROM funds_waits w WHERE w.currency = p.currency)
    AND NOT EXISTS (
      SELECT 1 FROM payout_attempts t
      WHERE t.payout_id = p.id AND t.attempt_no = p.attempt_no AND t.outcome = 'unknown' OFFSET 0))`;
}
