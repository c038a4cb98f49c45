import { Injectable } from '@nestjs/common';
import { Prisma, type StaffUser } from '@prisma/client';
import { isEmail } from 'class-validator';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import { Database, type Tx } from '../database/database.js';
import { LoginThrottle } from './login-throttle.js';
import { hashPassword } from './passwords.js';
import { actedBy, checkedReason, type StaffAct } from './staff-act.js';
import { lastAdmin, staffEmailInvalid, staffRoleUnknown, staffUserExists, staffUserNotFound } from './staff-errors.js';
import { staffEmail, toIdentity, type StaffIdentity } from './staff-identity.js';
import { STAFF_ROLES, type StaffRole } from './staff-role.js';

export interface NewStaffUser {
  email: string;
  name: string;
  role: StaffRole;
  password: string;
}

/**
 * Who is staff. Every change is audited in its own transaction and takes effect at once: the panel asks on each request.
 * A staff user is never deleted, so that the audit log goes on naming them.
 */
@Injectable()
export class StaffUsers {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly throttle: LoginThrottle,
  ) {}

  /** @throws DomainError `staff_user_exists` (409); `staff_email_invalid`, `staff_role_unknown`, `password_length`, `reason_length`. */
  async create(input: NewStaffUser, act: StaffAct): Promise<StaffIdentity> {
    const email = staffEmail(input.email);
    if (!isEmail(email, { require_tld: false })) throw staffEmailInvalid();
    checkRole(input.role);
    const passwordHash = await hashPassword(input.password);
    return this.database.transaction(async (tx) => {
      const id = this.ids.next('staffUser');
      const data = { id, email, name: input.name.trim(), role: input.role, passwordHash, createdAt: this.clock.now() };
      const [created] = await tx.staffUser.createManyAndReturn({ data: [data], skipDuplicates: true });
      if (!created) throw staffUserExists((await tx.staffUser.findUniqueOrThrow({ where: { email } })).id);
      await this.record(tx, 'created', id, { before: null, after: { role: created.role, active: true } }, act);
      return toIdentity(created);
    });
  }

  /** @throws DomainError `staff_user_not_found`, `staff_role_unknown`, `last_admin`, `reason_length`. */
  async changeRole(id: string, role: StaffRole, act: StaffAct): Promise<void> {
    checkRole(role);
    await this.change(id, act, async (tx, user) => {
      if (user.role === role) return;
      if (role !== 'admin') await keepAnAdmin(tx, id);
      await tx.staffUser.update({ where: { id }, data: { role } });
      await this.record(tx, 'role_changed', id, { before: { role: user.role }, after: { role } }, act);
    });
  }

  /** Ends their sessions; they can no longer log in. @throws DomainError `staff_user_not_found`, `last_admin`, `reason_length`. */
  async deactivate(id: string, act: StaffAct): Promise<void> {
    await this.change(id, act, async (tx, user) => {
      if (user.deactivatedAt) return;
      await keepAnAdmin(tx, id);
      await tx.staffUser.update({ where: { id }, data: { deactivatedAt: this.clock.now(), ...ENDS_SESSIONS } });
      await this.record(tx, 'deactivated', id, { before: { active: true }, after: { active: false } }, act);
    });
  }

  /** Lets somebody log in again, with the password they had. @throws DomainError `staff_user_not_found`, `reason_length`. */
  async reactivate(id: string, act: StaffAct): Promise<void> {
    await this.change(id, act, async (tx, user) => {
      if (!user.deactivatedAt) return;
      await tx.staffUser.update({ where: { id }, data: { deactivatedAt: null } });
      await this.record(tx, 'reactivated', id, { before: { active: false }, after: { active: true } }, act);
    });
  }

  /** For somebody who lost their authenticator: no code is asked any more. Ends their sessions. @throws DomainError as above. */
  async resetTotp(id: string, act: StaffAct): Promise<void> {
    await this.change(id, act, async (tx, { totpEnabled }) => {
      const data = { totpEnabled: false, totpSecret: null, totpLastStep: null, ...ENDS_SESSIONS };
      await tx.staffUser.update({ where: { id }, data });
      await this.record(tx, 'totp_reset', id, { before: { totpEnabled }, after: { totpEnabled: false } }, act);
    });
  }

  /**
   * Ends their sessions, and forgives what was tried on the account before.
   * @throws DomainError `staff_user_not_found`, `password_length`, `reason_length`.
   */
  async setPassword(id: string, password: string, act: StaffAct): Promise<void> {
    const passwordHash = await hashPassword(password);
    await this.change(id, act, async (tx, user) => {
      await tx.staffUser.update({ where: { id }, data: { passwordHash, ...ENDS_SESSIONS } });
      await this.throttle.forgive(tx, user.email);
      await this.record(tx, 'password_set', id, { before: null, after: null }, act);
    });
  }

  /** Active or not. @throws DomainError `staff_user_not_found`. */
  async getByEmail(email: string): Promise<StaffUser> {
    const user = await this.database.prisma.staffUser.findUnique({ where: { email: staffEmail(email) } });
    if (!user) throw staffUserNotFound();
    return user;
  }

  private async change(id: string, act: StaffAct, work: (tx: Tx, user: StaffUser) => Promise<void>): Promise<void> {
    checkedReason(act.reason);
    await this.database.transaction(async (tx) => {
      // One change at a time: whether there is another admin must not change meanwhile.
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('staff_users', 0))`;
      const user = await tx.staffUser.findUnique({ where: { id } });
      if (!user) throw staffUserNotFound();
      await work(tx, user);
    });
  }

  private async record(
    tx: Tx,
    what: string,
    id: string,
    change: { before: Prisma.InputJsonObject | null; after: Prisma.InputJsonObject | null },
    act: StaffAct,
  ): Promise<void> {
    await this.audit.record(tx, {
      ...actedBy(act),
      action: `staff_user.${what}`,
      subjectType: 'staff_user',
      subjectId: id,
      ...change,
    });
  }
}

const ENDS_SESSIONS = { sessionVersion: { increment: 1 } };

function checkRole(role: string): void {
  if (!STAFF_ROLES.some((known) => known === role)) throw staffRoleUnknown(role);
}

/** Called under the lock of all staff users. */
async function keepAnAdmin(tx: Tx, without: string): Promise<void> {
  const others = await tx.staffUser.count({ where: { role: 'admin', deactivatedAt: null, id: { not: without } } });
  if (others === 0) throw lastAdmin();
}
