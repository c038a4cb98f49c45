import { Module } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { DashboardSessionsModule } from '../auth/dashboard-sessions.module.js';
import { PayoutsModule } from '../payouts/payouts.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { DashboardLinksController } from './dashboard-links.controller.js';
import { DashboardLinks } from './dashboard-links.service.js';
import { OpeningPageController } from './opening-page.controller.js';
import { MySessionController } from './my-session.controller.js';
import { MyOverviewController } from './overview/my-overview.controller.js';
import { OverviewService } from './overview/overview.service.js';

/** The affiliates' page: the way in, what it is served by, and what it asks for that no other module answers. */
@Module({
  imports: [DashboardSessionsModule, AffiliatesModule, ReferralsModule, PayoutsModule],
  controllers: [DashboardLinksController, MySessionController, MyOverviewController, OpeningPageController],
  providers: [DashboardLinks, OverviewService],
  exports: [DashboardLinks],
})
export class DashboardModule {}
