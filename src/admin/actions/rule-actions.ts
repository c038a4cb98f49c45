import { Injectable } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { RuleSettings } from '../../fraud/rule-settings.service.js';
import { RULE_MODES } from '../../fraud/rules/fraud-rule.js';
import { fraudRule, isFraudRule } from '../../fraud/rules/registry.js';
import type { ActionCall, StaffAction } from './staff-action.js';

/** What admins do to fraud rules. */
@Injectable()
export class RuleActions {
  constructor(private readonly rules: RuleSettings) {}

  all(): StaffAction[] {
    return [
      {
        name: 'change',
        label: 'Change',
        icon: 'Sliders',
        on: 'record',
        role: 'admin',
        explains: 'Counts for what is found from now on. A rule that is set to hold also makes its open cases hold.',
        fields: [
          {
            name: 'mode',
            label: 'Mode',
            kind: 'choice',
            required: true,
            from: 'level',
            choices: [
              { value: 'off', label: 'off' },
              { value: 'flag', label: 'flag: asks staff' },
              { value: 'hold', label: 'hold: asks staff, and keeps the money meanwhile' },
              { value: 'refuse', label: 'refuse: credits no signup (only for rules about signups)' },
            ],
          },
          {
            name: 'thresholds',
            label: 'Thresholds',
            kind: 'text',
            from: 'value',
            help: 'name=number, with commas between; what is not named stays',
          },
        ],
        fits: ({ level }) => level !== 'always',
        perform: (call) => this.change(call),
      },
    ];
  }

  private async change({ ids: [name = ''], form, act }: ActionCall): Promise<string> {
    const { mode } = await this.rules.change(
      name,
      { mode: form.choice('mode', RULE_MODES), thresholds: thresholdsOf(name, form.text('thresholds')) },
      act,
    );
    return `The rule is set to ${mode}.`;
  }
}

/** `signups=5, share=30` by the rule's own names. @throws DomainError `field_invalid`. */
function thresholdsOf(rule: string, text: string): Record<string, number> | undefined {
  if (text === '') return undefined;
  const known = isFraudRule(rule) ? Object.keys(fraudRule(rule).thresholds) : [];
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [, name = '', value = ''] = /^\s*(\w+)\s*=\s*(-?\d+(?:\.\d+)?)\s*$/.exec(part) ?? [];
      if (!known.includes(name)) {
        throw new DomainError(
          'rule',
          'field_invalid',
          `Thresholds are written name=number; this rule has ${known.join(', ') || 'none'}.`,
          {
            field: 'thresholds',
          },
        );
      }
      return [name, Number(value)];
    }),
  );
}
