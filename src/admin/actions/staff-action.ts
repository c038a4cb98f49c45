import type { StaffIdentity } from '../../staff/staff-identity.js';
import type { StaffAct } from '../../staff/staff-act.js';
import type { StaffRole } from '../../staff/staff-role.js';
import type { ActionField } from './action-field.js';
import type { ActionForm } from './action-form.js';

export interface ActionCall {
  /** The records that it is done to; none for an action of a whole list. */
  ids: string[];
  form: ActionForm;
  act: StaffAct;
  staff: Pick<StaffIdentity, 'id' | 'role'>;
}

/**
 * Something staff do in the panel. It says what it does before it is done, asks for a reason, and does it by a service,
 * which audits it: the panel has no other way to change anything.
 */
export interface StaffAction {
  /** Within its resource: `suspend`. */
  name: string;
  label: string;
  icon: string;
  on: 'record' | 'bulk' | 'resource';
  /** The least role that may. */
  role: StaffRole;
  /** What it does, in full sentences, above the form. */
  explains: string;
  isDangerous?: boolean;
  fields?: ActionField[];
  /** Whether the button is shown on this record. Whether it may be done is the service's to say. */
  fits?: (record: Record<string, unknown>) => boolean;
  /** @returns what was done, in a sentence. */
  perform: (call: ActionCall) => Promise<string>;
}
