import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { Config } from '../../config/config.js';
import { Database, type Tx } from '../../database/database.js';
import { executorOf, JobQueue } from '../../database/job-queue.js';
import type { MailLocale } from '../../config/environment.js';
import { BULK_OCCASIONS, type Occasion } from '../occasions.js';

/** Its jobs say no more than that something is due: what it is, stands in the log. */
export const EMAIL_QUEUE = 'emails';

/** Longer than any try takes: then the process that made it is taken for dead, and another one tries again. */
const CLAIM_MS = 10 * 60_000;

/** Waits after a try that failed: a day in all, since a mail server may be down for a night. Then it is given up. */
const RETRY_AFTER_MINUTES = [1, 5, 15, 60, 180, 360, 720];

const MINUTE_MS = 60_000;

/** Something to write to an affiliate about. */
export interface Reason {
  affiliateId: string;
  /** What it is about: one e-mail per affiliate, occasion and subject, however often the reason is found. */
  subjectId: string;
}

/** Why an e-mail was not sent on purpose. */
export type DroppedReason = 'no_address' | 'not_active' | 'switched_off' | 'outdated';

/** An e-mail that this process may send now, with what is known of its reader. */
export interface ClaimedEmail {
  id: string;
  affiliateId: string;
  occasion: Occasion;
  subjectId: string;
  messageId: string;
  /** How often it was tried, with this time. */
  attempts: number;
  createdAt: Date;
  /** Read afresh each time, and kept nowhere with the e-mail. */
  address: string | null;
  affiliateStatus: string;
  locale: MailLocale | null;
  switchedOff: string[];
}

/** The e-mails to affiliates: what is to be sent, what is being sent, and what became of the rest. */
@Injectable()
export class EmailLog {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly ids: IdGenerator,
    private readonly jobs: JobQueue,
  ) {}

  /**
   * Writes down e-mails to be sent, in the transaction of whoever found the reasons, one statement for any number. Nothing
   * is written while e-mails are off, for somebody without an address, for somebody who switched the occasion off, for
   * somebody who is not active (but for a payout: that money has really left), or for a reason that was written about.
   *
   * @returns how many were written.
   */
  async write(tx: Tx, occasion: Occasion, reasons: readonly Reason[]): Promise<number> {
    const mail = this.config.mail;
    if (mail === null || reasons.length === 0) return 0;
    const domain = mail.from.address.slice(mail.from.address.lastIndexOf('@') + 1);
    const ids = reasons.map(() => this.ids.next('email'));
    const now = this.clock.now();
    const written = await tx.$executeRaw`
      INSERT INTO emails (id, affiliate_id, occasion, subject_id, is_bulk, status, message_id, next_try_at, created_at)
      SELECT r.id, a.id, ${occasion}, r.subject_id, ${BULK_OCCASIONS.includes(occasion)}, 'queued',
             '<' || r.id || '@' || ${domain} || '>', ${now}, ${now}
      FROM unnest(${ids}::text[], ${reasons.map(({ affiliateId }) => affiliateId)}::text[],
                  ${reasons.map(({ subjectId }) => subjectId)}::text[]) AS r (id, affiliate_id, subject_id)
      JOIN affiliates a ON a.id = r.affiliate_id AND a.email IS NOT NULL
        AND (a.status = 'active' OR ${occasion} = 'payout_paid')
      LEFT JOIN email_preferences p ON p.affiliate_id = a.id
      WHERE NOT ${occasion} = ANY(coalesce(p.switched_off, '{}'))
      ORDER BY a.id, r.subject_id
      ON CONFLICT (affiliate_id, occasion, subject_id) DO NOTHING`;
    if (written > 0) await this.jobs.enqueue(executorOf(tx), EMAIL_QUEUE, [{}]);
    return written;
  }

  /** Whether anything is to be sent now. */
  async isAnythingDue(): Promise<boolean> {
    const [found] = await this.database.prisma.$queryRaw<{ due: boolean }[]>`
      SELECT EXISTS (SELECT 1 FROM emails WHERE status IN ('queued', 'sending') AND next_try_at <= ${this.clock.now()}) AS due`;
    return found?.due ?? false;
  }

  /**
   * Takes up to so many that are due, oldest first, those to single affiliates before those to all. The intent is committed
   * before the first of them is sent: a process that dies leaves them claimed, and they are tried again when the claim has
   * run out. Such a one may have been sent; it keeps its Message-ID.
   */
  claim(count: number): Promise<ClaimedEmail[]> {
    const now = this.clock.now();
    return this.database.prisma.$queryRaw<ClaimedEmail[]>`
      UPDATE emails e SET status = 'sending', attempts = e.attempts + 1, next_try_at = ${new Date(now.getTime() + CLAIM_MS)}
      FROM (SELECT id FROM emails WHERE status IN ('queued', 'sending') AND next_try_at <= ${now}
              ORDER BY is_bulk, next_try_at, id LIMIT ${count} FOR UPDATE SKIP LOCKED) due,
           affiliates a LEFT JOIN email_preferences p ON p.affiliate_id = a.id
      WHERE e.id = due.id AND a.id = e.affiliate_id
      RETURNING e.id, e.affiliate_id AS "affiliateId", e.occasion, e.subject_id AS "subjectId",
                e.message_id AS "messageId", e.attempts, e.created_at AS "createdAt", a.email AS address,
                a.status AS "affiliateStatus", p.locale, coalesce(p.switched_off, '{}') AS "switchedOff"`;
  }

  /** Gives back what was claimed and not tried, for a while later. */
  async release(ids: string[], afterMs: number): Promise<void> {
    if (ids.length === 0) return;
    await this.database.prisma.$executeRaw`
      UPDATE emails SET status = 'queued', attempts = attempts - 1, next_try_at = ${this.later(afterMs)}
      WHERE id = ANY(${ids}::text[]) AND status = 'sending'`;
  }

  async markSent(id: string): Promise<void> {
    await this.end(id, { status: 'sent' });
  }

  async markDropped(id: string, droppedReason: DroppedReason): Promise<void> {
    await this.end(id, { status: 'dropped', droppedReason });
  }

  /** Given up for good: shown to staff. @param error in codes, without addresses or texts of the server. */
  async markFailed(id: string, error: string): Promise<void> {
    await this.end(id, { status: 'failed', lastError: error });
  }

  /**
   * To be tried again later, or given up when it was tried often enough.
   * @returns whether it is given up.
   */
  async markTried({ id, attempts }: { id: string; attempts: number }, error: string): Promise<boolean> {
    const waitMinutes = RETRY_AFTER_MINUTES[attempts - 1];
    if (waitMinutes === undefined) {
      await this.markFailed(id, error);
      return true;
    }
    await this.database.prisma.email.updateMany({
      where: { id, status: 'sending' },
      data: { status: 'queued', nextTryAt: this.later(waitMinutes * MINUTE_MS), lastError: error },
    });
    return false;
  }

  /** Only what is being sent: whoever was erased meanwhile, or taken up by another process, stays so. */
  private async end(
    id: string,
    outcome: { status: string; droppedReason?: DroppedReason; lastError?: string },
  ): Promise<void> {
    await this.database.prisma.email.updateMany({
      where: { id, status: 'sending' },
      data: { ...outcome, nextTryAt: null, endedAt: this.clock.now() },
    });
  }

  private later(milliseconds: number): Date {
    return new Date(this.clock.now().getTime() + milliseconds);
  }
}
