import { Injectable } from '@nestjs/common';
import { AffiliateActions } from './affiliate-actions.js';
import { CaseActions } from './case-actions.js';
import { HouseActions } from './house-actions.js';
import { LedgerActions } from './ledger-actions.js';
import { PayoutActions } from './payout-actions.js';
import type { StaffAction } from './staff-action.js';

/** Everything staff can do in the panel, by the resource on whose pages it is done. */
@Injectable()
export class StaffActions {
  constructor(
    private readonly affiliates: AffiliateActions,
    private readonly cases: CaseActions,
    private readonly house: HouseActions,
    private readonly ledger: LedgerActions,
    private readonly payouts: PayoutActions,
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
        return this.house.ofPlans();
      case 'rules':
        return this.house.ofRules();
      case 'stripe-events':
        return this.house.ofEvents();
      case 'webhook-deliveries':
        return this.house.ofDeliveries();
      case 'staff':
        return this.house.ofStaff();
      default:
        return [];
    }
  }
}
