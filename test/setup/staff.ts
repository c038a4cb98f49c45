import { StaffLogin, type Credentials } from '../../src/staff/staff-login.service.js';
import type { StaffIdentity } from '../../src/staff/staff-identity.js';
import type { StaffRole } from '../../src/staff/staff-role.js';
import { StaffUsers } from '../../src/staff/staff-users.service.js';
import type { TestApp } from './app.js';

export const STAFF_PASSWORD = 'correct horse battery staple';

/** A staff user `<name>@example.com` whose password is STAFF_PASSWORD. */
export function createStaff(api: TestApp, name: string, role: StaffRole = 'admin'): Promise<StaffIdentity> {
  return api.app
    .get(StaffUsers)
    .create(
      { email: `${name}@example.com`, name, role, password: STAFF_PASSWORD },
      { staffUserId: 'operator', reason: 'for a test' },
    );
}

/** Logs in as `owner@example.com` from one address, unless told otherwise. */
export function logIn(api: TestApp, given: Partial<Credentials> = {}): Promise<StaffIdentity> {
  return api.app
    .get(StaffLogin)
    .logIn({ email: 'owner@example.com', password: STAFF_PASSWORD, totpCode: null, ip: '192.0.2.1', ...given });
}
