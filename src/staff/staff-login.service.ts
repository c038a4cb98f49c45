import { randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Config, DEMO } from '../config/config.js';
import { Database } from '../database/database.js';
import { LoginThrottle } from './login-throttle.js';
import { hashPassword, isPasswordOf } from './passwords.js';
import { credentialsWrong, totpRequired } from './staff-errors.js';
import { staffEmail, toIdentity, type StaffIdentity } from './staff-identity.js';
import { StaffTotp } from './staff-totp.service.js';

export interface Credentials {
  email: string;
  password: string;
  /** Of the authenticator; null or empty when none was entered. */
  totpCode: string | null;
  /** Where the log-in comes from, as the proxy settings say. */
  ip: string;
}

/** Who may enter the admin panel. */
@Injectable()
export class StaffLogin {
  private readonly logger = new Logger(StaffLogin.name);
  /** What the password of an unknown account is compared with, so that it takes as long as that of a known one. */
  private decoyHash: Promise<string> | null = null;

  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly throttle: LoginThrottle,
    private readonly totp: StaffTotp,
  ) {}

  /**
   * Checks e-mail, password and, for those who have an authenticator, its code.
   * @throws HttpError 401 `staff_credentials_wrong`; 401 `totp_required` when the password is right and the code is
   *   missing or not; 429 `too_many_attempts` with Retry-After, whatever was entered.
   */
  async logIn(given: Credentials): Promise<StaffIdentity> {
    const email = staffEmail(given.email);
    const login = await this.throttle.begin(email, given.ip);
    this.decoyHash ??= hashPassword(randomBytes(16).toString('hex'));
    const decoyHash = await this.decoyHash;
    const user = await this.database.prisma.staffUser.findUnique({ where: { email, deactivatedAt: null } });
    const isRight = await isPasswordOf(user?.passwordHash ?? decoyHash, given.password);
    if (!user || !isRight || this.isDemoPasswordOutsideDemo(given.password)) {
      this.logger.warn({ message: 'a staff log-in was wrong', staffUserId: user?.id ?? null });
      throw credentialsWrong();
    }
    if (user.totpEnabled) {
      if (!given.totpCode) {
        await this.throttle.forget(login);
        throw totpRequired();
      }
      if (!(await this.totp.accept(this.database.prisma, user, given.totpCode))) {
        this.logger.warn({ message: 'the code of a staff log-in was wrong', staffUserId: user.id });
        throw totpRequired();
      }
    }
    await this.throttle.succeed(login, user.id);
    this.logger.log({ message: 'a staff user logged in', staffUserId: user.id });
    return toIdentity(user);
  }

  /** As they are now; null for somebody unknown or deactivated, whose sessions are over. */
  async find(id: string): Promise<StaffIdentity | null> {
    const user = await this.database.prisma.staffUser.findUnique({ where: { id, deactivatedAt: null } });
    return user && toIdentity(user);
  }

  /** A database that was tried out and then put to work still has the user whose password the README shows. */
  private isDemoPasswordOutsideDemo(password: string): boolean {
    return password === DEMO.adminPassword && !this.config.allowsDemoValues;
  }
}
