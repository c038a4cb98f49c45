import { ApiProperty } from '@nestjs/swagger';
import { AffiliateDto } from '../../affiliates/affiliate.dto.js';
import {
  ONBOARDING_STATUSES,
  OnboardingRequirementDto,
  type OnboardingStatus,
} from '../../affiliates/onboarding/onboarding.dto.js';
import { BalanceDto } from '../../commissions/commission.dto.js';
import { NextPayoutDto, PlannedRunDto } from '../../payouts/upcoming/upcoming-payouts.dto.js';
import { StatsInAllDto } from '../../referrals/stats/stats.dto.js';

export class OverviewOnboardingDto {
  @ApiProperty({ enum: ONBOARDING_STATUSES })
  status!: OnboardingStatus;
  /** Whether Stripe lets money through to the affiliate's bank. */
  payoutsEnabled!: boolean;
  /** What Stripe wants now, overdue first. */
  due!: OnboardingRequirementDto[];
  /** What is missing for being paid, for the affiliate to read. */
  message!: string;
}

/** Where an affiliate's links may lead: `referralUrl?to=`. */
export class DeepLinksDto {
  /** The site that links lead to when they name no page; paths are those of this site. */
  siteUrl!: string;
  /** Hosts, with a port where it is not the usual one, whose pages a link may name. */
  allowedHosts!: string[];
}

/** All that the first page of the dashboard shows, but for its chart. */
export class OverviewDto {
  affiliate!: AffiliateDto;
  counts!: StatsInAllDto;
  /** One for each currency in which there was ever money. */
  balances!: BalanceDto[];
  /** The same currencies, in alphabetical order. */
  currencies!: string[];
  /** When payouts are made next; null when none is planned. */
  nextRun!: PlannedRunDto | null;
  /** What the next run would pay as things stand, one for each currency. Empty when none is planned. */
  nextPayouts!: NextPayoutDto[];
  onboarding!: OverviewOnboardingDto;
  /** For how many days after a click a signup is credited. */
  attributionWindowDays!: number;
  deepLinks!: DeepLinksDto;
}
