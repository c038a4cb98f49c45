/**
 * What staff may do, each what the ones before may: viewers read; reviewers decide cases and about affiliates; finance
 * moves money; admins set the rules, the terms and who else is staff.
 */
export const STAFF_ROLES = ['viewer', 'reviewer', 'finance', 'admin'] as const;

export type StaffRole = (typeof STAFF_ROLES)[number];

/** Whether somebody of `role` may do what needs `least` at least. */
export function mayAct(role: StaffRole, least: StaffRole): boolean {
  return STAFF_ROLES.indexOf(role) >= STAFF_ROLES.indexOf(least);
}
