import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import { toJsonAmount } from '../common/money.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { maskId } from './masking.js';
import { ReferralEarnings } from './referral-earnings.js';
import type { ReferralDto, ReferralStatus } from './referral.dto.js';

/** Makes the Referral object of the API from rows. */
@Injectable()
export class ReferralPresenter {
  constructor(private readonly earnings: ReferralEarnings) {}

  /** One query for the earnings of all of them. Give `tx` inside a transaction. */
  async present(referrals: Referral[], tx?: SqlTx): Promise<ReferralDto[]> {
    // Only a paid invoice earns, and the first one converts the referral.
    const converted = referrals.filter(({ convertedAt }) => convertedAt !== null).map(({ id }) => id);
    const earned =
      converted.length > 0 ? await this.earnings.lifetimeEarnedMinor(converted, tx) : new Map<string, bigint>();
    return referrals.map((referral) => toDto(referral, earned.get(referral.id) ?? 0n));
  }

  async presentOne(referral: Referral, tx?: SqlTx): Promise<ReferralDto> {
    const [dto] = await this.present([referral], tx);
    if (!dto) throw new Error('present returned fewer referrals than it was given');
    return dto;
  }

  /** For affiliates, who may recognise their customers but not learn who they are elsewhere. */
  async presentMasked(referrals: Referral[]): Promise<ReferralDto[]> {
    const presented = await this.present(referrals);
    return presented.map((referral) => ({
      ...referral,
      referredUserId: maskId(referral.referredUserId),
      stripeCustomerId: referral.stripeCustomerId && maskId(referral.stripeCustomerId),
    }));
  }
}

function toDto(referral: Referral, earnedMinor: bigint): ReferralDto {
  return { ...presentWithoutEarnings(referral), lifetimeEarned: toJsonAmount(earnedMinor) };
}

/** What the referral's own row says. */
export function presentWithoutEarnings(referral: Referral) {
  return {
    id: referral.id,
    affiliateId: referral.affiliateId,
    referredUserId: referral.referredUserId,
    status: referral.status as ReferralStatus,
    mrr: toJsonAmount(referral.mrrMinor),
    currency: referral.currency,
    clickId: referral.clickId,
    stripeCustomerId: referral.stripeCustomerId,
    createdAt: referral.createdAt.toISOString(),
    convertedAt: referral.convertedAt?.toISOString() ?? null,
    churnedAt: referral.churnedAt?.toISOString() ?? null,
  };
}
