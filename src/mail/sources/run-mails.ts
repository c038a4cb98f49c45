import { Injectable } from '@nestjs/common';
import type { PayoutRun } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { firstIdAt } from '../../common/ids.js';
import { Config } from '../../config/config.js';
import { Database, type Tx } from '../../database/database.js';
import { monthBefore } from '../facts/statement-facts.js';
import { EmailLog } from '../log/email-log.js';

/** Affiliates per transaction. */
const BATCH_SIZE = 1_000;

interface Reader {
  affiliateId: string;
  hasStatement: boolean;
  isNotOnboarded: boolean;
}

/** What follows a payout run that is through: everybody's statement, and a word to those whom it could not pay. */
@Injectable()
export class RunMails {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly log: EmailLog,
  ) {}

  /**
   * Writes down the e-mails of runs that were completed since e-mails are on. Batch by batch, each in a transaction that
   * also moves on: it may be stopped anywhere, goes on where it was, and takes as much memory for a million as for ten.
   */
  async writeDue(onSince: Date): Promise<void> {
    const runs = await this.database.prisma.payoutRun.findMany({
      where: {
        status: 'completed',
        finishedAt: { gte: onSince },
        OR: [{ emails: null }, { emails: { completedAt: null } }],
      },
      orderBy: { period: 'asc' },
    });
    for (const run of runs) while (await this.database.transaction((tx) => this.writeBatch(tx, run)));
  }

  /** @returns whether there may be more. While another process does the same, nothing is done here. */
  private async writeBatch(tx: Tx, run: PayoutRun): Promise<boolean> {
    await tx.$executeRaw`INSERT INTO email_runs (run_id) VALUES (${run.id}) ON CONFLICT DO NOTHING`;
    const [place] = await tx.$queryRaw<{ after: string }[]>`
      SELECT after_affiliate_id AS after FROM email_runs
      WHERE run_id = ${run.id} AND completed_at IS NULL FOR UPDATE SKIP LOCKED`;
    if (!place) return false;
    const readers = await this.readersAfter(tx, run, place.after);
    await this.log.write(tx, 'action_needed', reasonsOf(run, readers, 'isNotOnboarded'));
    await this.log.write(tx, 'monthly_statement', reasonsOf(run, readers, 'hasStatement'));
    const last = readers.at(-1);
    await tx.emailRun.update({
      where: { runId: run.id },
      data: last ? { afterAffiliateId: last.affiliateId } : { completedAt: this.clock.now() },
    });
    return last !== undefined;
  }

  /** A statement is for whoever has money with us, or whose balance moved since the month began (its last posting tells). */
  private readersAfter(tx: Tx, run: PayoutRun, after: string): Promise<Reader[]> {
    const { from } = monthBefore(run.period, this.config.payoutTimezone);
    return tx.$queryRaw<Reader[]>`
      WITH page AS (
        SELECT DISTINCT affiliate_id FROM balances WHERE affiliate_id > ${after} ORDER BY affiliate_id LIMIT ${BATCH_SIZE}
      )
      SELECT page.affiliate_id AS "affiliateId",
             bool_or(b.held_minor <> 0 OR b.payable_minor <> 0 OR b.in_payout_minor <> 0
                     OR coalesce(last.entry_id >= ${firstIdAt('journalEntry', from)}, FALSE)) AS "hasStatement",
             coalesce(bool_or(s.reason = 'not_onboarded'), FALSE) AS "isNotOnboarded"
      FROM page
      JOIN balances b ON b.affiliate_id = page.affiliate_id
      LEFT JOIN postings last ON last.affiliate_id = b.affiliate_id AND last.currency = b.currency AND last.seq = b.last_seq
      LEFT JOIN payout_skips s ON s.run_id = ${run.id} AND s.affiliate_id = b.affiliate_id AND s.currency = b.currency
      GROUP BY page.affiliate_id ORDER BY page.affiliate_id`;
  }
}

function reasonsOf(run: PayoutRun, readers: Reader[], flag: 'hasStatement' | 'isNotOnboarded') {
  return readers.filter((reader) => reader[flag]).map(({ affiliateId }) => ({ affiliateId, subjectId: run.id }));
}
