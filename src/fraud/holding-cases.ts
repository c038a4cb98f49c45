import { Prisma } from '@prisma/client';

/**
 * A condition for statements over many affiliates: whether the one in this column has an open case that holds, hence
 * is not paid and nothing held of theirs is released. Takes no lock; where money moves on the answer, ask it in a
 * statement after the one that locked the balance.
 */
export function hasHoldingCase(affiliateId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`EXISTS (
    SELECT 1 FROM review_cases holding
    WHERE holding.affiliate_id = ${affiliateId} AND holding.status = 'open' AND holding.holds)`;
}
