import type { Prisma } from '@prisma/client';
import type { AffiliateDto } from './affiliate.dto.js';
import type { AffiliateStatus } from './affiliate-status.js';

/** What the presenter needs beside the row: the current code and the own rate that is in force. */
export function affiliateInclude(now: Date) {
  return {
    codes: { where: { isCurrent: true }, take: 1 },
    rates: { where: { effectiveFrom: { lte: now } }, orderBy: { effectiveFrom: 'desc' }, take: 1 },
  } satisfies Prisma.AffiliateInclude;
}

export type AffiliateWithCode = Prisma.AffiliateGetPayload<{ include: ReturnType<typeof affiliateInclude> }>;

export function presentAffiliate(affiliate: AffiliateWithCode, publicUrl: string): AffiliateDto {
  const code = affiliate.codes[0]?.code;
  if (code === undefined) throw new Error(`affiliate ${affiliate.id} has no current code`);
  return {
    id: affiliate.id,
    userId: affiliate.userId,
    name: affiliate.name,
    email: affiliate.email,
    country: affiliate.country,
    code,
    referralUrl: `${publicUrl}/r/${code}`,
    status: affiliate.status as AffiliateStatus,
    planId: affiliate.planId,
    commissionRateBps: affiliate.rates[0]?.rateBps ?? null,
    stripeAccountId: affiliate.stripeAccountId,
    payoutsEnabled: affiliate.payoutsEnabled,
    createdAt: affiliate.createdAt.toISOString(),
  };
}
