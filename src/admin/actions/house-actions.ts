import { Injectable } from '@nestjs/common';
import { PlansService } from '../../affiliates/plans/plans.service.js';
import { DomainError } from '../../common/domain-error.js';
import { Database } from '../../database/database.js';
import { WebhookDeliveries } from '../../events/webhooks/webhook-deliveries.service.js';
import { RuleSettings } from '../../fraud/rule-settings.service.js';
import { RULE_MODES } from '../../fraud/rules/fraud-rule.js';
import { fraudRule, isFraudRule } from '../../fraud/rules/registry.js';
import { STAFF_ROLES } from '../../staff/staff-role.js';
import { StaffUsers } from '../../staff/staff-users.service.js';
import { EventReplay } from '../../stripe/webhooks/event-replay.js';
import type { ActionCall, ActionField, StaffAction } from './staff-action.js';

const ROLE_FIELD: ActionField = {
  name: 'role',
  label: 'Role',
  kind: 'choice',
  required: true,
  from: 'role',
  choices: [
    { value: 'viewer', label: 'viewer: reads' },
    { value: 'reviewer', label: 'reviewer: decides cases and about affiliates' },
    { value: 'finance', label: 'finance: adjusts, approves runs, retries, exports' },
    { value: 'admin', label: 'admin: everything, also staff and rules' },
  ],
};

const PASSWORD_FIELD: ActionField = {
  name: 'password',
  label: 'Password',
  kind: 'password',
  required: true,
  help: 'to be handed over by a way of your own',
};

/** What admins do: terms, rules, events, staff. */
@Injectable()
export class HouseActions {
  constructor(
    private readonly plans: PlansService,
    private readonly rules: RuleSettings,
    private readonly replays: EventReplay,
    private readonly deliveries: WebhookDeliveries,
    private readonly users: StaffUsers,
    private readonly database: Database,
  ) {}

  ofPlans(): StaffAction[] {
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

  ofRules(): StaffAction[] {
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
        perform: (call) => this.changeRule(call),
      },
    ];
  }

  ofEvents(): StaffAction[] {
    const explains =
      'Processes what is stored once more, by the code that processed it first. Where everything is as it should be, nothing changes.';
    const perform = (call: ActionCall): Promise<string> => this.replay(call);
    return [
      { name: 'replay', label: 'Process again', icon: 'RotateCw', on: 'record', role: 'admin', explains, perform },
      { name: 'replayAll', label: 'Process again', icon: 'RotateCw', on: 'bulk', role: 'admin', explains, perform },
    ];
  }

  ofDeliveries(): StaffAction[] {
    const explains =
      'Sends the event to the endpoint at once, under the same id, whether it was delivered or not. Who has taken it already recognises it.';
    const perform = async ({ ids, act }: ActionCall): Promise<string> => {
      await this.deliveries.resendForStaff(ids, act);
      return ids.length === 1 ? 'It is sent again.' : `${ids.length} deliveries are sent again.`;
    };
    return [
      { name: 'resend', label: 'Send again', icon: 'RotateCw', on: 'record', role: 'admin', explains, perform },
      { name: 'resendAll', label: 'Send again', icon: 'RotateCw', on: 'bulk', role: 'admin', explains, perform },
    ];
  }

  ofStaff(): StaffAction[] {
    const isActive = ({ state }: Record<string, unknown>): boolean => state === 'active';
    return [
      {
        name: 'create',
        label: 'Add somebody',
        icon: 'UserPlus',
        on: 'resource',
        role: 'admin',
        explains: 'They can log in at once, with this password. A second factor is theirs to set up.',
        fields: [
          { name: 'name', label: 'Name', kind: 'text', required: true },
          { name: 'email', label: 'Email', kind: 'email', required: true },
          ROLE_FIELD,
          PASSWORD_FIELD,
        ],
        perform: async ({ form, act }) => {
          const role = form.choice('role', STAFF_ROLES);
          const name = form.required('name');
          await this.users.create(
            { email: form.required('email'), name, role, password: form.required('password') },
            act,
          );
          return `${name} is staff now, as ${role}.`;
        },
      },
      {
        name: 'changeRole',
        label: 'Change the role',
        icon: 'Key',
        on: 'record',
        role: 'admin',
        explains: 'Takes effect at once and ends their sessions. There is always one admin at least.',
        fields: [ROLE_FIELD],
        fits: isActive,
        perform: async ({ ids: [id = ''], form, act }) => {
          const role = form.choice('role', STAFF_ROLES);
          await this.users.changeRole(id, role, act);
          return `The role is ${role} now.`;
        },
      },
      {
        name: 'setPassword',
        label: 'Set a new password',
        icon: 'Lock',
        on: 'record',
        role: 'admin',
        explains: 'Ends their sessions; the old password opens nothing any more.',
        fields: [PASSWORD_FIELD],
        perform: async ({ ids: [id = ''], form, act }) => {
          await this.users.setPassword(id, form.required('password'), act);
          return 'The password is set.';
        },
      },
      {
        name: 'resetTotp',
        label: 'Reset the second factor',
        icon: 'Smartphone',
        on: 'record',
        role: 'admin',
        isDangerous: true,
        explains: 'For somebody who lost their authenticator: no code is asked any more, until they set one up anew.',
        fits: ({ totp }) => totp === true,
        perform: async ({ ids: [id = ''], act }) => {
          await this.users.resetTotp(id, act);
          return 'No code is asked any more.';
        },
      },
      {
        name: 'deactivate',
        label: 'Deactivate',
        icon: 'UserX',
        on: 'record',
        role: 'admin',
        isDangerous: true,
        explains: 'Ends their sessions at once; they cannot log in any more. The audit log goes on naming them.',
        fits: isActive,
        perform: async ({ ids: [id = ''], act }) => {
          await this.users.deactivate(id, act);
          return 'They cannot log in any more.';
        },
      },
      {
        name: 'reactivate',
        label: 'Let in again',
        icon: 'UserCheck',
        on: 'record',
        role: 'admin',
        explains: 'They can log in again, with the password they had.',
        fits: (record) => !isActive(record),
        perform: async ({ ids: [id = ''], act }) => {
          await this.users.reactivate(id, act);
          return 'They can log in again.';
        },
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

  private async changeRule({ ids: [name = ''], form, act }: ActionCall): Promise<string> {
    const { mode } = await this.rules.change(
      name,
      { mode: form.choice('mode', RULE_MODES), thresholds: thresholdsOf(name, form.text('thresholds')) },
      act,
    );
    return `The rule is set to ${mode}.`;
  }

  private async replay({ ids, act }: ActionCall): Promise<string> {
    const outcomes: string[] = [];
    for (const eventId of ids) {
      for await (const batch of this.replays.replay({ eventId }, act)) {
        outcomes.push(...batch.map(({ after, error }) => (error ? `${after}, since ${error}` : after)));
      }
    }
    return outcomes.length === 1
      ? `The event was processed again: ${outcomes[0] ?? ''}.`
      : `${outcomes.length} events were processed again.`;
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
