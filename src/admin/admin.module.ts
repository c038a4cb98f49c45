import { Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { WebhooksModule } from '../events/webhooks/webhooks.module.js';
import { FraudModule } from '../fraud/fraud.module.js';
import { PayoutsModule } from '../payouts/payouts.module.js';
import { PayoutSchedulerModule } from '../payouts/runs/payout-scheduler.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { StaffModule } from '../staff/staff.module.js';
import { StripeEventsModule } from '../stripe/stripe-events.module.js';
import { AffiliateActions } from './actions/affiliate-actions.js';
import { CaseActions } from './actions/case-actions.js';
import { ExportLog } from './actions/export-log.js';
import { LedgerActions } from './actions/ledger-actions.js';
import { PayoutActions } from './actions/payout-actions.js';
import { PlanActions } from './actions/plan-actions.js';
import { RepeatActions } from './actions/repeat-actions.js';
import { RuleActions } from './actions/rule-actions.js';
import { StaffActions } from './actions/staff-actions.js';
import { StaffUserActions } from './actions/staff-user-actions.js';
import { AdminPanel } from './admin-panel.js';
import { StaffSessions } from './http/staff-sessions.service.js';
import { PanelPages } from './pages/panel-pages.js';
import { ResourceReader } from './resources/resource-reader.js';
import { ResourceSpecs } from './resources/resource-specs.js';
import { ProgramFiguresReader } from './start/program-figures.js';
import { WorkListReader } from './start/work-list.js';

/** The room where staff decide. Imported only where ADMIN_ENABLED says so: AdminJS alone takes a hundred megabytes. */
@Module({
  imports: [
    StaffModule,
    AffiliatesModule,
    ReferralsModule,
    FraudModule,
    PayoutsModule,
    PayoutSchedulerModule,
    StripeEventsModule,
    WebhooksModule,
  ],
  providers: [
    AdminPanel,
    AffiliateActions,
    CaseActions,
    ExportLog,
    LedgerActions,
    PanelPages,
    PayoutActions,
    PlanActions,
    ProgramFiguresReader,
    RepeatActions,
    ResourceReader,
    ResourceSpecs,
    RuleActions,
    StaffActions,
    StaffSessions,
    StaffUserActions,
    WorkListReader,
  ],
})
export class AdminModule implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly panel: AdminPanel,
  ) {}

  async onModuleInit(): Promise<void> {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    await fastify.register((scope) => this.panel.serve(scope));
  }
}
