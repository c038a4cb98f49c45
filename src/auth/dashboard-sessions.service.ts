import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../database/database.js';
import { hashOfToken, newSecretToken } from './secret-token.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const LINK_MS = 5 * MINUTE_MS;
/** Short, and not made longer by use: the host's next link begins a new one. */
const SESSION_MS = 2 * HOUR_MS;

/** A token with the moment from which it is worth nothing. */
export interface IssuedToken {
  token: string;
  expiresAt: Date;
}

export interface DashboardSession {
  /** The host's id of the user that the affiliate is. */
  userId: string;
  expiresAt: Date;
}

export type SessionEnd = 'session_ended' | 'affiliate_suspended';

/**
 * The host lets an affiliate into the dashboard by a link; its token opens one session. Links and sessions lie in the
 * database, as hashes, so that one that ends is over on every instance at once.
 *
 * Whoever opens or ends sessions holds the affiliate's row first, so that none begins beside a suspension.
 */
@Injectable()
export class DashboardSessions {
  private readonly logger = new Logger('Dashboard');

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** A new link's token, for five minutes and one use. The caller knows that there is such an affiliate. */
  async issueLink(affiliateId: string): Promise<IssuedToken> {
    const link = this.issue(LINK_MS);
    const { token, expiresAt } = link;
    await this.database.prisma.dashboardLink.create({
      data: { tokenHash: hashOfToken(token), affiliateId, expiresAt },
    });
    return link;
  }

  /**
   * Uses a link up and begins a session under a new token, and ends the browser's former one. Of any number of uses at
   * once one succeeds. Locks the affiliate's row, then the link.
   *
   * @returns null when there is no such link any more: used, expired, or made before a suspension.
   */
  open(
    linkToken: string,
    formerSessionToken: string | undefined,
  ): Promise<{ affiliateId: string; session: IssuedToken } | null> {
    const tokenHash = hashOfToken(linkToken);
    const now = this.clock.now();
    return this.database.transaction(async (tx) => {
      const link = await tx.dashboardLink.findUnique({ where: { tokenHash } });
      if (!link) return null;
      const { affiliateId } = link;
      const known = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM "affiliates" WHERE "id" = ${affiliateId} AND "erased_at" IS NULL FOR SHARE`;
      const { count } = await tx.dashboardLink.deleteMany({ where: { tokenHash, expiresAt: { gt: now } } });
      if (known.length === 0 || count === 0) return null;
      if (formerSessionToken !== undefined) {
        await tx.dashboardSession.deleteMany({ where: { tokenHash: hashOfToken(formerSessionToken) } });
      }
      const session = this.issue(SESSION_MS);
      const { token, expiresAt } = session;
      await tx.dashboardSession.create({
        data: { tokenHash: hashOfToken(token), affiliateId, startedAt: now, expiresAt },
      });
      return { affiliateId, session };
    });
  }

  /** Whose session this is, or why it is none. */
  async find(token: string): Promise<DashboardSession | SessionEnd> {
    const session = await this.database.prisma.dashboardSession.findUnique({
      where: { tokenHash: hashOfToken(token) },
      include: { affiliate: { select: { userId: true } } },
    });
    if (!session || session.expiresAt <= this.clock.now()) return 'session_ended';
    if (session.suspendedAt !== null) return 'affiliate_suspended';
    return { userId: session.affiliate.userId, expiresAt: session.expiresAt };
  }

  async end(token: string): Promise<void> {
    await this.database.prisma.dashboardSession.deleteMany({ where: { tokenHash: hashOfToken(token) } });
  }

  /**
   * Ends the sessions of affiliates who are suspended, and the links that they have not opened yet. Their browsers are
   * told why for as long as the sessions would have lasted. The caller has locked the affiliates' rows.
   */
  async endForSuspension(tx: Tx, affiliateIds: readonly string[]): Promise<void> {
    const theirs = { affiliateId: { in: [...affiliateIds] } };
    await tx.dashboardLink.deleteMany({ where: theirs });
    await tx.dashboardSession.updateMany({
      where: { ...theirs, suspendedAt: null },
      data: { suspendedAt: this.clock.now() },
    });
  }

  /** Takes away what would let somebody in as this affiliate, without a word. The caller has locked the affiliate's row. */
  async erase(tx: Tx, affiliateId: string): Promise<void> {
    await tx.dashboardLink.deleteMany({ where: { affiliateId } });
    await tx.dashboardSession.deleteMany({ where: { affiliateId } });
  }

  /** Deletes what has run out. Any number of instances may do it at once. */
  @Interval(HOUR_MS)
  async deleteExpired(): Promise<void> {
    const expired = { where: { expiresAt: { lte: this.clock.now() } } };
    try {
      await this.database.prisma.dashboardLink.deleteMany(expired);
      await this.database.prisma.dashboardSession.deleteMany(expired);
    } catch (error) {
      this.logger.warn({
        err: error,
        message: 'expired dashboard sessions could not be deleted; tried again in an hour',
      });
    }
  }

  private issue(lifetimeMs: number): IssuedToken {
    return { token: newSecretToken(), expiresAt: new Date(this.clock.now().getTime() + lifetimeMs) };
  }
}
