import { Injectable } from '@nestjs/common';
import { AffiliateActions } from './affiliate-actions.js';
import { CaseActions } from './case-actions.js';
import { LedgerActions } from './ledger-actions.js';
import { PayoutActions } from './payout-actions.js';
import { PlanActions } from './plan-actions.js';
import { RepeatActions } from './repeat-actions.js';
import { RuleActions } from './rule-actions.js';
import type { StaffAction } from './staff-action.js';
import { StaffUserActions } from './staff-user-actions.js';

/** Everything staff can do in the panel, by the resource on whose pages it is done. */
@Injectable()
export class StaffActions {
  constructor(
    private readonly affiliates: AffiliateActions,
    private readonly cases: CaseActions,
    private readonly ledger: LedgerActions,
    private readonly payouts: PayoutActions,
    private readonly plans: PlanActions,
    private readonly repeats: RepeatActions,
    private readonly rules: RuleActions,
    private readonly staffUsers: StaffUserActions,
  ) {}

  of(resource: string): StaffAction[] {
    switch (resource) {
      case 'affiliates':
        return this.affiliates.all();
      case 'review-cases':
        return this.cases.all();
      case 'runs':
        return this.payouts.ofRuns();
      case 'payouts':
        return this.payouts.ofPayouts();
      case 'promotion-codes':
        return this.affiliates.ofPromotionCodes();
      case 'ledger':
        return this.ledger.all();
      case 'plans':
        return this.plans.all();
      case 'rules':
        return this.rules.all();
      case 'stripe-events':
        return this.repeats.ofStripeEvents();
      case 'webhook-deliveries':
        return this.repeats.ofWebhookDeliveries();
      case 'staff':
        return this.staffUsers.all();
      default:
        return [];
    }
  }
}
