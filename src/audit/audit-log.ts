import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import type { Tx } from '../database/database.js';

/** Who acts at the command line: whoever may start it owns the machine, and is known to nobody else. */
export const OPERATOR = 'operator';
/** Who acts through the API: the host's own software, whatever made it. */
export const HOST_APP = 'host';
/** Who acts when a job does. */
export const SYSTEM = 'system';

/** One act that somebody may have to answer for. */
export interface AuditRecord {
  /** A staff user's id (stf_…), or `operator` for the command line, `host` for the API and `system` for jobs. */
  actorId: string;
  /** In the past tense, subject first: `affiliate.suspended`. */
  action: string;
  /** What it was done to: `affiliate` and its id. */
  subjectType: string;
  subjectId: string;
  /**
   * What the act changed, before and after. Ids, statuses and amounts only, no names or addresses: a record can never
   * be erased. Amounts and other BigInts as strings, so that they stay exact.
   */
  before: Prisma.InputJsonObject | null;
  after: Prisma.InputJsonObject | null;
  /** Why, in the words of who did it; never empty for staff. */
  reason: string;
}

/**
 * Who did what, and why. Append-only: the database refuses any change, the app's role lacks the right, and the hash chain
 * of the journal seals each record (docs/decisions/0006-journal-seal.md).
 */
@Injectable()
export class AuditLog {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /** Writes the record in the transaction of the act, so that there is never one without the other. Locks nothing. */
  async record(tx: Tx, entry: AuditRecord): Promise<void> {
    await this.recordAll(tx, [entry]);
  }

  /** The same for an act on many things, in one statement. */
  async recordAll(tx: Tx, entries: AuditRecord[]): Promise<void> {
    const recordedAt = this.clock.now();
    await tx.auditLog.createMany({
      data: entries.map((entry) => ({
        ...entry,
        id: this.ids.next('auditRecord'),
        before: entry.before ?? Prisma.DbNull,
        after: entry.after ?? Prisma.DbNull,
        recordedAt,
      })),
    });
  }
}
