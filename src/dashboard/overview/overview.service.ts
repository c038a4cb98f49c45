import { Injectable } from '@nestjs/common';
import type { Affiliate } from '@prisma/client';
import { AffiliatesService } from '../../affiliates/affiliates.service.js';
import { OnboardingService } from '../../affiliates/onboarding/onboarding.service.js';
import { CommissionQueries } from '../../commissions/commission-queries.js';
import { Config } from '../../config/config.js';
import { UpcomingPayouts } from '../../payouts/upcoming/upcoming-payouts.service.js';
import { StatsService } from '../../referrals/stats/stats.service.js';
import type { OverviewDto } from './overview.dto.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What an affiliate sees first: put together from what each module keeps as a sum. */
@Injectable()
export class OverviewService {
  constructor(
    private readonly config: Config,
    private readonly affiliates: AffiliatesService,
    private readonly onboarding: OnboardingService,
    private readonly stats: StatsService,
    private readonly commissions: CommissionQueries,
    private readonly upcoming: UpcomingPayouts,
  ) {}

  /** @param affiliate whose row was read just now. */
  async get(affiliate: Affiliate): Promise<OverviewDto> {
    const [described, counts, { balances }, { run, payouts }, onboarding] = await Promise.all([
      this.affiliates.describe(affiliate),
      this.stats.inAll(affiliate.id),
      this.commissions.balances(affiliate.id),
      this.upcoming.find(affiliate.id),
      this.onboarding.describe(affiliate),
    ]);
    const { status, payoutsEnabled, requirements, message } = onboarding;
    const { siteUrl, allowedRedirectHosts, attributionWindowMs } = this.config;
    return {
      affiliate: described,
      counts,
      balances,
      currencies: balances.map(({ currency }) => currency),
      nextRun: run,
      nextPayouts: payouts,
      onboarding: { status, payoutsEnabled, due: requirements, message },
      attributionWindowDays: attributionWindowMs / DAY_MS,
      deepLinks: { siteUrl, allowedHosts: [...allowedRedirectHosts].sort() },
    };
  }
}
