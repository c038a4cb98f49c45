import { Injectable } from '@nestjs/common';
import { AffiliateApproval } from '../../affiliates/affiliate-approval.service.js';
import { DomainError } from '../../common/domain-error.js';
import { formatAmount } from '../../common/money.js';
import { AdjustmentsService } from '../../commissions/adjustments.service.js';
import { Database } from '../../database/database.js';
import { PromotionCodes } from '../../referrals/promotions/promotion-codes.service.js';
import type { ActionCall, StaffAction } from './staff-action.js';

const APPROVES = {
  name: 'approve',
  label: 'Approve',
  icon: 'CheckCircle',
  role: 'reviewer',
  explains: 'Links work and money is paid from now on. What was earned before stays as it is.',
} as const satisfies Partial<StaffAction>;

const SUSPENDS = {
  name: 'suspend',
  label: 'Suspend',
  icon: 'Slash',
  role: 'reviewer',
  isDangerous: true,
  explains:
    'Clicks and signups are credited no more, nothing is paid, and open dashboards close. What was earned stays theirs, and is paid once they are approved again.',
} as const satisfies Partial<StaffAction>;

/** What staff do to affiliates. */
@Injectable()
export class AffiliateActions {
  constructor(
    private readonly approval: AffiliateApproval,
    private readonly adjustments: AdjustmentsService,
    private readonly promotionCodes: PromotionCodes,
    private readonly database: Database,
  ) {}

  all(): StaffAction[] {
    const approve = (call: ActionCall): Promise<string> => this.approve(call);
    const suspend = (call: ActionCall): Promise<string> => this.suspend(call);
    return [
      { ...APPROVES, on: 'record', fits: ({ status }) => status !== 'active', perform: approve },
      { ...SUSPENDS, on: 'record', fits: ({ status }) => status === 'active', perform: suspend },
      { ...APPROVES, name: 'approveAll', on: 'bulk', perform: approve },
      { ...SUSPENDS, name: 'suspendAll', on: 'bulk', perform: suspend },
      {
        name: 'adjust',
        label: 'Adjust the balance',
        icon: 'Edit3',
        on: 'record',
        role: 'finance',
        explains:
          'Gives to or takes from what is payable, by one more entry in the ledger. Below zero it is netted by the next payouts. Whoever adjusts a balance cannot approve the run that pays it.',
        fields: [
          { name: 'amount', label: 'Amount', kind: 'text', required: true, help: '12.50 gives, -12.50 takes away' },
          { name: 'currency', label: 'Currency', kind: 'text', required: true, value: 'usd', help: 'such as usd' },
        ],
        perform: (call) => this.adjust(call),
      },
      {
        name: 'addPromotionCode',
        label: 'Add a promotion code',
        icon: 'Tag',
        on: 'record',
        role: 'reviewer',
        explains:
          'Whoever redeems this promotion code of Stripe’s from now on is credited to the affiliate, without any link. A code belongs to one affiliate.',
        fields: [
          {
            name: 'promotionCode',
            label: 'Promotion code',
            kind: 'text',
            required: true,
            help: 'what customers type in, or its id at Stripe (promo_…)',
          },
        ],
        perform: (call) => this.addPromotionCode(call),
      },
    ];
  }

  ofPromotionCodes(): StaffAction[] {
    return [
      {
        name: 'remove',
        label: 'Take away',
        icon: 'XCircle',
        on: 'record',
        role: 'reviewer',
        isDangerous: true,
        explains:
          'What is redeemed from now on credits nobody; what was redeemed before still does. At Stripe the code goes on giving its discount.',
        fits: ({ state }) => state === 'active',
        perform: async ({ ids: [id = ''], act }) => {
          await this.promotionCodes.remove(id, {}, act);
          return 'The code credits nobody any more.';
        },
      },
    ];
  }

  private async addPromotionCode({ ids: [affiliateId = ''], form, act }: ActionCall): Promise<string> {
    const found = await this.promotionCodes.resolve(form.required('promotionCode'));
    await this.database.transaction((tx) => this.promotionCodes.add(tx, affiliateId, found, act));
    return `Whoever redeems ${found.code} is credited to this affiliate from now on.`;
  }

  private async approve({ ids, act }: ActionCall): Promise<string> {
    const changed = await this.database.transaction((tx) => this.approval.approve(tx, ids, act));
    return `${countOf(changed)} approved.`;
  }

  private async suspend({ ids, act }: ActionCall): Promise<string> {
    const changed = await this.database.transaction((tx) => this.approval.suspend(tx, ids, act));
    return `${countOf(changed)} suspended.`;
  }

  private async adjust({ ids: [affiliateId = ''], form, act }: ActionCall): Promise<string> {
    const currency = form.required('currency').toLowerCase();
    const amountMinor = form.amountMinor('amount', currency);
    // Made by the form once: sending it twice adjusts once.
    const adjustmentId = form.required('formId');
    if (!/^[0-9a-f-]{36}$/.test(adjustmentId)) {
      throw new DomainError('rule', 'field_invalid', 'formId is no UUID.', { field: 'formId' });
    }
    await this.database.transaction((tx) =>
      this.adjustments.adjust(tx, { adjustmentId, affiliateId, currency, amountMinor, ...act }),
    );
    return `The balance was adjusted by ${formatAmount(amountMinor, currency)} ${currency.toUpperCase()}.`;
  }
}

function countOf(ids: string[]): string {
  return ids.length === 1 ? 'One affiliate was' : `${ids.length} affiliates were`;
}
