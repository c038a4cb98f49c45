import type { StaffUser } from '@prisma/client';
import type { StaffRole } from './staff-role.js';

/** A staff user as the rest of the service knows them. */
export interface StaffIdentity {
  id: string;
  email: string;
  name: string;
  role: StaffRole;
  /** A session that began under another version is over. */
  sessionVersion: number;
}

export function toIdentity({ id, email, name, role, sessionVersion }: StaffUser): StaffIdentity {
  return { id, email, name, role: role as StaffRole, sessionVersion };
}

/** How staff e-mails are compared and stored. A plus tag stays: it may be somebody else's. No text holds a null byte. */
export function staffEmail(email: string): string {
  return email.replaceAll('\0', '').trim().toLowerCase();
}
