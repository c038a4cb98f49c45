import { Injectable } from '@nestjs/common';
import { hashOfToken, newSecretToken } from '../../auth/secret-token.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import type { StaffIdentity } from '../../staff/staff-identity.js';
import { StaffLogin } from '../../staff/staff-login.service.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A session that nobody used for so long is over. */
const IDLE_MS = 2 * HOUR_MS;
/** And one that began so long ago, however busy. */
const LIFETIME_MS = 12 * HOUR_MS;

/** Use is written down once a minute, not with each request. */
const SEEN_EVERY_MS = MINUTE_MS;

/** Who is logged in to the admin panel. The browser holds a random token, the database its hash. */
@Injectable()
export class StaffSessions {
  constructor(
    private readonly database: Database,
    private readonly staffLogin: StaffLogin,
    private readonly clock: Clock,
  ) {}

  /** Begins a session under a new token, and ends the browser's former one; deletes what has run out. */
  async start(staff: StaffIdentity, formerToken?: string): Promise<string> {
    const now = this.clock.now();
    const token = newSecretToken();
    if (formerToken) await this.end(formerToken);
    const sessions = this.database.prisma.staffSession;
    await sessions.deleteMany({ where: { lastSeenAt: { lt: new Date(now.getTime() - LIFETIME_MS) } } });
    await sessions.create({
      data: {
        tokenHash: hashOfToken(token),
        staffUserId: staff.id,
        sessionVersion: staff.sessionVersion,
        role: staff.role,
        startedAt: now,
        lastSeenAt: now,
      },
    });
    return token;
  }

  /**
   * Whose session this is, with the role of this moment. Null when there is none, when it has run out, and when its
   * person was deactivated or their password, role or second factor changed since.
   */
  async find(token: string): Promise<StaffIdentity | null> {
    const tokenHash = hashOfToken(token);
    const session = await this.database.prisma.staffSession.findUnique({ where: { tokenHash } });
    if (!session) return null;
    const nowMs = this.clock.now().getTime();
    const hasRunOut =
      nowMs - session.startedAt.getTime() > LIFETIME_MS || nowMs - session.lastSeenAt.getTime() > IDLE_MS;
    const staff = hasRunOut ? null : await this.staffLogin.find(session.staffUserId);
    if (staff?.sessionVersion !== session.sessionVersion || staff.role !== session.role) {
      await this.end(token);
      return null;
    }
    if (nowMs - session.lastSeenAt.getTime() > SEEN_EVERY_MS) {
      await this.database.prisma.staffSession.updateMany({
        where: { tokenHash },
        data: { lastSeenAt: new Date(nowMs) },
      });
    }
    return staff;
  }

  async end(token: string): Promise<void> {
    await this.database.prisma.staffSession.deleteMany({ where: { tokenHash: hashOfToken(token) } });
  }
}
