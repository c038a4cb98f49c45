import type { Referral } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';

/** What of a referral the days count. */
type Counted = Pick<Referral, 'status' | 'convertedAt'>;

/** How a referral was counted and how it is now. */
export interface ReferralChange {
  referral: Pick<Referral, 'affiliateId' | 'occurredAt'>;
  before: Counted;
  after: Counted;
}

interface DayChange {
  affiliateId: string;
  day: string;
  signups: number;
  conversions: number;
  paying: number;
}

/**
 * Counts signups in their affiliates' days. Belongs into the transaction that makes the referrals, at its end: it locks the
 * days' rows until that commits, in their order, and is the last thing that anybody locks, so signups of one affiliate wait
 * for each other's commit alone.
 */
export async function countSignups(tx: SqlTx, referrals: readonly ReferralChange['referral'][]): Promise<void> {
  await addToDays(
    tx,
    referrals.map(({ affiliateId, occurredAt }) => ({
      affiliateId,
      day: dayOf(occurredAt),
      signups: 1,
      conversions: 0,
      paying: 0,
    })),
  );
}

/**
 * Has the days follow what became of referrals: the day on which each converted, and whether those who signed up on a
 * day pay. Belongs, like `countSignups`, at the end of the transaction that changes them, and once for all of them: the
 * rows are locked in their order. The caller holds the referrals' rows. What is counted already changes nothing.
 */
export async function countChanges(tx: SqlTx, changes: readonly ReferralChange[]): Promise<void> {
  await addToDays(tx, changes.flatMap(daysOf));
}

function daysOf({ referral: { affiliateId, occurredAt }, before, after }: ReferralChange): DayChange[] {
  const days: DayChange[] = [];
  const add = (at: Date, counts: Partial<DayChange>): void => {
    days.push({ affiliateId, day: dayOf(at), signups: 0, conversions: 0, paying: 0, ...counts });
  };
  if (before.convertedAt?.getTime() !== after.convertedAt?.getTime()) {
    if (before.convertedAt) add(before.convertedAt, { conversions: -1 });
    if (after.convertedAt) add(after.convertedAt, { conversions: 1 });
  }
  const paying = Number(after.status === 'paid') - Number(before.status === 'paid');
  if (paying !== 0) add(occurredAt, { paying });
  return days;
}

async function addToDays(tx: SqlTx, days: readonly DayChange[]): Promise<void> {
  if (days.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO "referral_days" ("affiliate_id", "day", "signups", "conversions", "paying")
    SELECT "affiliate_id", "day", sum("signups"), sum("conversions"), sum("paying")
    FROM unnest(${days.map(({ affiliateId }) => affiliateId)}::text[], ${days.map(({ day }) => day)}::date[],
                ${days.map(({ signups }) => signups)}::int[], ${days.map(({ conversions }) => conversions)}::int[],
                ${days.map(({ paying }) => paying)}::int[])
      AS "each" ("affiliate_id", "day", "signups", "conversions", "paying")
    GROUP BY 1, 2
    ORDER BY 1, 2
    ON CONFLICT ("affiliate_id", "day") DO UPDATE SET
      "signups" = "referral_days"."signups" + EXCLUDED."signups",
      "conversions" = "referral_days"."conversions" + EXCLUDED."conversions",
      "paying" = "referral_days"."paying" + EXCLUDED."paying"`;
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 'yyyy-mm-dd'.length);
}
