import { Injectable } from '@nestjs/common';
import { PlansService } from '../../affiliates/plans/plans.service.js';
import { Database } from '../../database/database.js';
import type { ActionCall, StaffAction } from './staff-action.js';

/** What admins do to plans. */
@Injectable()
export class PlanActions {
  constructor(
    private readonly plans: PlansService,
    private readonly database: Database,
  ) {}

  all(): StaffAction[] {
    return [
      {
        name: 'addVersion',
        label: 'New terms',
        icon: 'PlusCircle',
        on: 'record',
        role: 'admin',
        explains:
          'A new version of the plan is in force from now on, for referrals that are made from now on. What was earned and whoever was referred before keep their terms.',
        fields: [
          { name: 'rate', label: 'Rate in percent', kind: 'text', required: true, from: 'rate' },
          { name: 'durationMonths', label: 'Earns for so many months', kind: 'number', help: 'empty: for life' },
          { name: 'holdDays', label: 'Held for so many days', kind: 'number', value: '0' },
        ],
        perform: (call) => this.addVersion(call),
      },
    ];
  }

  private async addVersion({ ids: [planId = ''], form, act }: ActionCall): Promise<string> {
    const terms = {
      rateBps: form.rateBps('rate'),
      durationMonths: form.wholeNumber('durationMonths', { min: 1, max: 1200 }),
      holdDays: form.wholeNumber('holdDays', { min: 0, max: 365 }) ?? 0,
    };
    const plan = await this.database.transaction((tx) => this.plans.createVersionByStaff(tx, planId, terms, act));
    return `Version ${plan.version} of ${plan.name} is in force.`;
  }
}
