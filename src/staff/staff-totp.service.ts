import { Injectable, Logger } from '@nestjs/common';
import type { StaffUser } from '@prisma/client';
import { Secret, TOTP } from 'otpauth';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../database/database.js';
import { staffUserNotFound, totpCodeWrong, totpEnabledAlready } from './staff-errors.js';
import { TotpSecrets } from './totp-secrets.js';

const ISSUER = 'Fairshare';
const PERIOD_SECONDS = 30;
/** Steps that the authenticator's clock may be off, either way. */
const STEPS_OFF_MAX = 1;

/** What an authenticator is given, as a link for a QR code and to be typed. */
export interface TotpEnrolment {
  uri: string;
  /** In base 32. */
  secret: string;
}

/** The second factor of staff: codes of an authenticator (RFC 6238), each of which opens once. */
@Injectable()
export class StaffTotp {
  private readonly logger = new Logger(StaffTotp.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly secrets: TotpSecrets,
  ) {}

  /**
   * Makes a secret for a staff user who has no authenticator yet; what an earlier call made is no longer valid. Codes are
   * asked for once `confirm` has seen one.
   * @throws DomainError `staff_user_not_found`, `totp_enabled` (409).
   */
  async begin(staffUserId: string): Promise<TotpEnrolment> {
    const secret = new Secret();
    const { count } = await this.database.prisma.staffUser.updateMany({
      where: { id: staffUserId, totpEnabled: false },
      data: { totpSecret: this.secrets.encrypt(secret.bytes, staffUserId), totpLastStep: null },
    });
    const user = await this.database.prisma.staffUser.findUnique({ where: { id: staffUserId } });
    if (!user) throw staffUserNotFound();
    if (count === 0) throw totpEnabledAlready();
    return { uri: authenticator(secret.bytes, user.email).toString(), secret: secret.base32 };
  }

  /**
   * From now on the staff user logs in with a code too; the first one proves that the authenticator works.
   * @throws DomainError `totp_code_wrong` (422).
   */
  async confirm(staffUserId: string, code: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const user = await tx.staffUser.findUnique({ where: { id: staffUserId, totpEnabled: false } });
      if (!user || !(await this.accept(tx, user, code))) throw totpCodeWrong();
      await tx.staffUser.update({ where: { id: staffUserId }, data: { totpEnabled: true } });
      await this.audit.record(tx, {
        actorId: staffUserId,
        action: 'staff_user.totp_enabled',
        subjectType: 'staff_user',
        subjectId: staffUserId,
        before: { totpEnabled: false },
        after: { totpEnabled: true },
        reason: 'Enrolled an authenticator of their own.',
      });
    });
  }

  /** Whether this is a current code that has not opened yet. It has, then: of two log-ins with one code, one succeeds. */
  async accept(tx: Tx, user: StaffUser, code: string): Promise<boolean> {
    const secret = user.totpSecret && this.secrets.decrypt(user.totpSecret, user.id);
    if (!secret) {
      this.logger.error({
        message: 'the authenticator secret of a staff user cannot be read: was SESSION_SECRET changed? Reset it.',
        staffUserId: user.id,
      });
      return false;
    }
    const nowMs = this.clock.now().getTime();
    const stepsOff = authenticator(secret, user.email).validate({
      token: code.replaceAll(/\s/g, ''),
      timestamp: nowMs,
      window: STEPS_OFF_MAX,
    });
    if (stepsOff === null) return false;
    const step = BigInt(Math.floor(nowMs / (PERIOD_SECONDS * 1000)) + stepsOff);
    const { count } = await tx.staffUser.updateMany({
      where: { id: user.id, OR: [{ totpLastStep: null }, { totpLastStep: { lt: step } }] },
      data: { totpLastStep: step },
    });
    return count === 1;
  }
}

function authenticator(secret: Uint8Array, email: string): TOTP {
  return new TOTP({
    issuer: ISSUER,
    label: email,
    secret: new Secret({ buffer: new Uint8Array(secret).buffer }),
    period: PERIOD_SECONDS,
  });
}
