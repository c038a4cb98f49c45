import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database, type Tx } from '../../database/database.js';
import { AttributionService } from '../attribution/attribution.service.js';
import { pseudonymsOf, usersOfCustomers } from '../payers.js';
import { lockReferralSubjects } from '../referral-locks.js';

/** A promotion code was used by a customer. */
export interface PromotionUse {
  stripePromotionCodeId: string;
  usedAt: Date;
}

/** What is known of who used it. */
export interface RedeemingCustomer {
  customerId: string;
  /** The host's user, where Stripe's objects name them. */
  referredUserId: string | null;
  email: string | null;
}

/**
 * Where the link comes first (ATTRIBUTION_PRECEDENCE), how long a code waits for the host to report one: hosts report
 * signups at once, or with a job of the night.
 */
const LINK_PATIENCE_MS = 24 * 60 * 60 * 1000;

/** Stripe's clock is not ours, and counts whole seconds: a code used right after it was added must count. */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

/**
 * Who redeemed an affiliate's promotion code, and what is decided about it: kept until the user behind the customer is
 * known, then attributed like any signup. Nothing is lost by waiting: what was paid since the code was used earns once
 * the referral is there.
 */
@Injectable()
export class PromotionRedemptions {
  private asking: Promise<boolean> | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly attribution: AttributionService,
  ) {}

  /** Whether any affiliate has, or ever had, a promotion code: most installations need not ask about discounts. */
  areInUse(): Promise<boolean> {
    // Events that arrive together ask together; nobody can use a code within the milliseconds that one answer takes.
    this.asking ??= this.isAnyKnown().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async isAnyKnown(): Promise<boolean> {
    return (await this.database.prisma.promotionCode.findFirst({ select: { id: true } })) !== null;
  }

  /** Those uses whose code was an affiliate's at that moment. */
  async ofAffiliates(uses: PromotionUse[]): Promise<PromotionUse[]> {
    const stripeIds = uses.map(({ stripePromotionCodeId }) => stripePromotionCodeId);
    const codes = await this.database.prisma.promotionCode.findMany({
      where: { stripePromotionCodeId: { in: stripeIds } },
    });
    return uses.filter(({ stripePromotionCodeId, usedAt }) =>
      codes.some(
        (code) =>
          code.stripePromotionCodeId === stripePromotionCodeId &&
          code.createdAt.getTime() <= usedAt.getTime() + CLOCK_TOLERANCE_MS &&
          (code.removedAt === null || code.removedAt > usedAt),
      ),
    );
  }

  /** Those of these customers of whom something that they redeemed waits for a decision. */
  async findWaiting(customerIds: string[]): Promise<ReadonlySet<string>> {
    // Looked up by the customers alone: many may wait, of others.
    const rows = await this.database.prisma.$queryRaw<{ customerId: string }[]>`
      SELECT customer_id AS "customerId" FROM promotion_redemptions WHERE customer_id = ANY(${customerIds}::text[])
      GROUP BY customer_id HAVING bool_or(decided_at IS NULL)`;
    return new Set(rows.map(({ customerId }) => customerId));
  }

  /** Customers whose user is known and whom no link was reported of in time, the oldest first. */
  async findDue(limit: number): Promise<string[]> {
    const usedBefore = new Date(this.clock.now().getTime() - this.patienceMs);
    const rows = await this.database.prisma.$queryRaw<{ customerId: string }[]>`
      SELECT r.customer_id AS "customerId" FROM promotion_redemptions r
      WHERE r.decided_at IS NULL AND r.redeemed_at <= ${usedBefore}
        AND (r.referred_user_id IS NOT NULL OR EXISTS (SELECT 1 FROM stripe_customers c WHERE c.id = r.customer_id))
      ORDER BY r.redeemed_at LIMIT ${limit}`;
    return [...new Set(rows.map(({ customerId }) => customerId))];
  }

  /**
   * Keeps what was used, and decides about whatever of this customer's waits, if the user is known and no link can come
   * first any more. Idempotent, in any order. Locks the customer and the user, then what crediting them locks.
   */
  async record(tx: Tx, customer: RedeemingCustomer, uses: PromotionUse[]): Promise<void> {
    const { customerId } = customer;
    if (uses.length > 0) {
      await lockReferralSubjects(tx, { stripeCustomerId: customerId });
      await storeRedemptions(tx, customerId, uses);
    }
    if (!(await findWaiting(tx, customerId))) return;
    const referredUserId = await this.userOf(tx, customer);
    if (referredUserId === null) return;
    await lockReferralSubjects(tx, { stripeCustomerId: customerId, referredUserId });
    const waits = { customerId, decidedAt: null };
    const bound = await tx.referral.findUnique({ where: { stripeCustomerId: customerId } });
    if (bound && bound.referredUserId !== referredUserId) {
      // The host says that this customer's money is another referral's.
      await tx.promotionRedemption.updateMany({ where: waits, data: { decidedAt: this.clock.now() } });
      return;
    }
    await tx.promotionRedemption.updateMany({ where: waits, data: { referredUserId } });
    const dueAt = (redeemedAt: Date): number => redeemedAt.getTime() + this.patienceMs;
    for (;;) {
      const next = await findWaiting(tx, customerId);
      if (!next || dueAt(next.redeemedAt) > this.clock.now().getTime()) return;
      const { redeemedAt } = next;
      const { email } = customer;
      await this.attribution.attribute(
        tx,
        await this.attribution.prepareRedemption({ referredUserId, customerId, email, redeemedAt }),
      );
    }
  }

  private get patienceMs(): number {
    return this.config.attributionPrecedence === 'link' ? LINK_PATIENCE_MS : 0;
  }

  /** An erased person is known by the pseudonym, whatever Stripe's objects go on to say. */
  private async userOf(tx: Tx, { customerId, referredUserId }: RedeemingCustomer): Promise<string | null> {
    const pseudonym = (await pseudonymsOf(tx, [customerId])).get(customerId);
    return pseudonym ?? referredUserId ?? (await usersOfCustomers(tx, [customerId])).get(customerId) ?? null;
  }
}

function findWaiting(tx: Tx, customerId: string) {
  return tx.promotionRedemption.findFirst({
    where: { customerId, decidedAt: null },
    orderBy: [{ redeemedAt: 'asc' }, { promotionCodeId: 'asc' }],
  });
}

/** For the affiliate whose the code was at that moment. Told by several objects, the first use counts. */
async function storeRedemptions(tx: Tx, customerId: string, uses: PromotionUse[]): Promise<void> {
  const first = new Map<string, Date>();
  for (const { stripePromotionCodeId, usedAt } of uses) {
    const known = first.get(stripePromotionCodeId);
    if (!known || usedAt < known) first.set(stripePromotionCodeId, usedAt);
  }
  await tx.$executeRaw`
    INSERT INTO promotion_redemptions (customer_id, promotion_code_id, redeemed_at)
    SELECT DISTINCT ON (u.id) ${customerId}, c.id, u.used_at
    FROM unnest(${[...first.keys()]}::text[], ${[...first.values()]}::timestamptz[]) AS u (id, used_at)
    JOIN promotion_codes c ON c.stripe_promotion_code_id = u.id
      AND c.created_at <= u.used_at + make_interval(secs => ${CLOCK_TOLERANCE_MS / 1000}::int)
      AND (c.removed_at IS NULL OR c.removed_at > u.used_at)
    ORDER BY u.id, c.created_at
    ON CONFLICT (customer_id, promotion_code_id)
      DO UPDATE SET redeemed_at = LEAST(promotion_redemptions.redeemed_at, EXCLUDED.redeemed_at)`;
}
