import { Injectable } from '@nestjs/common';
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

  /** @throws DomainError `affiliate_not_found`. */
  async get(affiliateId: string): Promise<OverviewDto> {
    const [affiliate, counts, { balances }, { run, payouts }, onboarding] = await Promise.all([
      this.affiliates.get(affiliateId),
      this.stats.inAll(affiliateId),
      this.commissions.balances(affiliateId),
      this.upcoming.find(affiliateId),
      this.onboarding.get(affiliateId),
    ]);
    const { status, payoutsEnabled, requirements, message } = onboarding;
    const { siteUrl, allowedRedirectHosts, attributionWindowMs } = this.config;
    return {
      affiliate,
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
