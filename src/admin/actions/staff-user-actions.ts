import { Injectable } from '@nestjs/common';
import { STAFF_ROLES } from '../../staff/staff-role.js';
import { StaffUsers } from '../../staff/staff-users.service.js';
import type { ActionField } from './action-field.js';
import type { ActionCall, StaffAction } from './staff-action.js';

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

/** What admins do about who is staff. */
@Injectable()
export class StaffUserActions {
  constructor(private readonly users: StaffUsers) {}

  all(): StaffAction[] {
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
        perform: (call) => this.create(call),
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
        perform: (call) => this.changeRole(call),
      },
      {
        name: 'setPassword',
        label: 'Set a new password',
        icon: 'Lock',
        on: 'record',
        role: 'admin',
        explains: 'Ends their sessions; the old password opens nothing any more.',
        fields: [PASSWORD_FIELD],
        perform: (call) => this.setPassword(call),
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
        perform: (call) => this.resetTotp(call),
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
        perform: (call) => this.deactivate(call),
      },
      {
        name: 'reactivate',
        label: 'Let in again',
        icon: 'UserCheck',
        on: 'record',
        role: 'admin',
        explains: 'They can log in again, with the password they had.',
        fits: (record) => !isActive(record),
        perform: (call) => this.reactivate(call),
      },
    ];
  }

  private async create({ form, act }: ActionCall): Promise<string> {
    const role = form.choice('role', STAFF_ROLES);
    const name = form.required('name');
    await this.users.create({ email: form.required('email'), name, role, password: form.required('password') }, act);
    return `${name} is staff now, as ${role}.`;
  }

  private async changeRole({ ids: [id = ''], form, act }: ActionCall): Promise<string> {
    const role = form.choice('role', STAFF_ROLES);
    await this.users.changeRole(id, role, act);
    return `The role is ${role} now.`;
  }

  private async setPassword({ ids: [id = ''], form, act }: ActionCall): Promise<string> {
    await this.users.setPassword(id, form.required('password'), act);
    return 'The password is set.';
  }

  private async resetTotp({ ids: [id = ''], act }: ActionCall): Promise<string> {
    await this.users.resetTotp(id, act);
    return 'No code is asked any more.';
  }

  private async deactivate({ ids: [id = ''], act }: ActionCall): Promise<string> {
    await this.users.deactivate(id, act);
    return 'They cannot log in any more.';
  }

  private async reactivate({ ids: [id = ''], act }: ActionCall): Promise<string> {
    await this.users.reactivate(id, act);
    return 'They can log in again.';
  }
}
