import { Injectable } from '@nestjs/common';
import { formatAmount } from '../../common/money.js';
import { CaseDecisions, type DecisionEffect } from '../../commissions/review/case-decisions.service.js';
import { Database } from '../../database/database.js';
import { ReviewCaseQueries } from '../../fraud/review-case-queries.js';
import { isFraudRule } from '../../fraud/rules/registry.js';
import { Whitelist } from '../../fraud/whitelist.js';
import type { ActionCall, StaffAction } from './staff-action.js';

const isOpen = ({ status }: Record<string, unknown>): boolean => status === 'open';

/** What staff decide about review cases. */
@Injectable()
export class CaseActions {
  constructor(
    private readonly decisions: CaseDecisions,
    private readonly cases: ReviewCaseQueries,
    private readonly whitelist: Whitelist,
    private readonly database: Database,
  ) {}

  all(): StaffAction[] {
    return [
      {
        name: 'approve',
        label: 'Approve',
        icon: 'Check',
        on: 'record',
        role: 'reviewer',
        explains: 'Nothing was wrong. The case is closed, and what it held back is released and paid by the next run.',
        fits: isOpen,
        perform: async ({ ids: [id = ''], act }) => {
          await this.decisions.approve(id, act);
          return 'The case is approved.';
        },
      },
      {
        name: 'reject',
        label: 'Reject',
        icon: 'X',
        on: 'record',
        role: 'reviewer',
        isDangerous: true,
        explains:
          'The referrals that the evidence names, or all of the affiliate’s where it names none, are rejected: what they earned and was not paid yet is taken back, and they earn no more. This cannot be undone.',
        fields: [
          {
            name: 'suspend',
            label: 'The affiliate',
            kind: 'choice',
            required: true,
            value: 'no',
            choices: [
              { value: 'no', label: 'goes on' },
              { value: 'yes', label: 'is suspended, too' },
            ],
          },
        ],
        fits: isOpen,
        perform: async ({ ids: [id = ''], form, act }) => {
          const suspend = form.choice('suspend', ['no', 'yes']) === 'yes';
          const effect = await this.decisions.reject(id, act, { suspend });
          return `The case is rejected. ${rejectionOf(effect)}${suspend ? ' The affiliate is suspended.' : ''}`;
        },
      },
      {
        name: 'suspendAffiliate',
        label: 'Suspend the affiliate',
        icon: 'Slash',
        on: 'record',
        role: 'reviewer',
        isDangerous: true,
        explains: 'The affiliate is suspended at once, and the case stays open for its decision.',
        fits: isOpen,
        perform: async ({ ids: [id = ''], act }) => {
          await this.decisions.suspend(id, act);
          return 'The affiliate is suspended. The case is still open.';
        },
      },
      {
        name: 'whitelistPair',
        label: 'Allow for good',
        icon: 'UserCheck',
        on: 'record',
        role: 'reviewer',
        explains:
          'The rule opens no case any more about this affiliate and the other party that is named, or about whatever it finds where none is. What waits in open cases still wants its decision.',
        fields: [
          {
            name: 'subject',
            label: 'The other party',
            kind: 'text',
            help: 'as the evidence names it; empty: whatever this rule finds about the affiliate',
          },
        ],
        fits: ({ rule }) => typeof rule === 'string' && isFraudRule(rule),
        perform: (call) => this.allow(call),
      },
      {
        name: 'acceptOutOfBand',
        label: 'Accept the payment',
        icon: 'DollarSign',
        on: 'record',
        role: 'reviewer',
        explains:
          'The money that was paid outside Stripe is believed: it earns a commission of its own, by the terms of the day it was paid. This cannot be undone.',
        fits: (record) => isOpen(record) && record['rule'] === 'paid_out_of_band',
        perform: async ({ ids: [id = ''], act }) => {
          const { earned } = await this.decisions.acceptOutOfBand(id, act);
          return `The payment is accepted. ${changesOf(earned, 'earned') || 'It earns nothing.'}`;
        },
      },
    ];
  }

  private async allow({ ids: [id = ''], form, act }: ActionCall): Promise<string> {
    const { affiliateId, rule } = await this.cases.get(id);
    const subject = form.text('subject') || null;
    await this.database.transaction((tx) => this.whitelist.whitelistPair(tx, { affiliateId, rule, subject }, act));
    return subject ? `This rule asks no more about ${subject}.` : 'This rule asks no more about this affiliate.';
  }
}

function rejectionOf({ rejectedReferrals, sparedCommissions, earned }: DecisionEffect): string {
  const referrals = rejectedReferrals === 1 ? 'One referral' : `${rejectedReferrals} referrals`;
  const takenBack = changesOf(earned, 'taken back');
  const spared =
    sparedCommissions === 0 ? '' : ` ${sparedCommissions} of their commissions stood in a payout, and stay.`;
  return `${referrals} rejected. ${takenBack || 'Nothing was left to take back.'}${spared}`;
}

function changesOf(earned: DecisionEffect['earned'], word: string): string {
  return earned
    .map(({ currency, changeMinor }) => {
      const amountMinor = changeMinor < 0n ? -changeMinor : changeMinor;
      return `${formatAmount(amountMinor, currency)} ${currency.toUpperCase()} ${word}.`;
    })
    .join(' ');
}
