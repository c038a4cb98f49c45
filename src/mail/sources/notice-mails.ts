import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { firstIdAt } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { EmailLog, type Reason } from '../log/email-log.js';

/** A notice is committed within seconds of its id; this leaves room for a process that was stopped in between. */
const LOOKED_BACK_MS = 24 * 60 * 60_000;
const BATCH_SIZE = 1_000;

/** Brings the notices that affiliates must not miss to them. */
@Injectable()
export class NoticeMails {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: EmailLog,
  ) {}

  /**
   * Writes down an e-mail for each notice of the last day that has none. Notices are not committed in the order of their
   * ids, so there is no position to keep: what is missing is looked for.
   */
  async writeDue(onSince: Date): Promise<void> {
    const since = new Date(Math.max(onSince.getTime(), this.clock.now().getTime() - LOOKED_BACK_MS));
    let after = firstIdAt('notice', since);
    for (;;) {
      const notices = await this.findWithout(after);
      const last = notices.at(-1);
      if (!last) return;
      await this.database.transaction((tx) => this.log.write(tx, 'action_needed', notices));
      after = last.subjectId;
    }
  }

  private findWithout(after: string): Promise<Reason[]> {
    return this.database.prisma.$queryRaw<Reason[]>`
      SELECT n.id AS "subjectId", n.affiliate_id AS "affiliateId" FROM affiliate_notices n
      WHERE n.id > ${after} AND NOT EXISTS (
        SELECT 1 FROM emails e WHERE e.affiliate_id = n.affiliate_id AND e.occasion = 'action_needed' AND e.subject_id = n.id)
      ORDER BY n.id LIMIT ${BATCH_SIZE}`;
  }
}
