import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Prisma } from '@prisma/client';
import { Database } from '../../database/database.js';
import { planByIndex } from '../../database/plan-by-index.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import { FIRST_PREVIOUS_HASH, formatHead, SEALED_DIGEST, sealHash, type ChainHead } from './journal-seal.js';

const BATCH_SIZE = 500;

/** An arbitrary number of our own: whoever holds this lock is the one that seals. */
const SEALER_LOCK_KEY = 4_155_002;

const LIST_START = '(0,0)';

/** A row of the work list; without an entry or audit record when somebody has removed it since. */
interface Unsealed {
  place: string;
  entryId: string | null;
  digest: Uint8Array;
}

/**
 * Chains the committed entries of the journal and of the audit log by hashes, so that not even the owner of the database
 * alters or removes one unnoticed (docs/decisions/0006-journal-seal.md). Locks nothing that a writer touches.
 */
@Injectable()
export class JournalSealer implements BeforeApplicationShutdown {
  private readonly logger = new Logger(JournalSealer.name);
  private batch: Promise<unknown> = Promise.resolve();
  private stopping = false;

  constructor(private readonly database: Database) {}

  /** What was posted since the last time, each minute on every instance: two at once seal each entry once. */
  @Cron(CronExpression.EVERY_MINUTE, { waitForCompletion: true })
  async sealNow(): Promise<void> {
    try {
      await this.sealAll();
    } catch (error) {
      this.logger.error({ message: 'the journal could not be sealed; tried again in a minute', error: String(error) });
    }
  }

  /** A long backlog is left after the batch under way; the next start goes on with it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await Promise.allSettled([this.batch]);
  }

  /**
   * Seals every entry that is committed by now, in batches of one transaction each: all entries of a batch are sealed
   * and taken off the work list, or none. Safe to run at any time, twice at once and after a crash. The new head is
   * logged, because a log that is kept elsewhere bears witness against a chain that was rewritten as a whole.
   *
   * @returns how many entries were sealed.
   */
  async sealAll(): Promise<number> {
    let sealed = 0;
    let head: ChainHead | null = null;
    let after: string | null = LIST_START;
    while (after !== null && !this.stopping) {
      const from: string = after;
      const batch = this.database.sqlTransaction((tx) => this.sealBatch(tx, from));
      this.batch = batch;
      const done = await batch;
      sealed += done.sealed;
      head = done.head;
      after = done.last;
    }
    if (sealed > 0 && head) this.logger.log({ message: 'sealed journal entries', sealed, head: formatHead(head) });
    return sealed;
  }

  /** Takes the next rows of the work list behind the place `after`. `last` is the place it came to, null at the end. */
  private async sealBatch(tx: SqlTx, after: string): Promise<{ sealed: number; head: ChainHead; last: string | null }> {
    // Held until the transaction ends; what is read below is read after the previous holder committed.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${SEALER_LOCK_KEY})`;
    await planByIndex(tx);
    const rows = await tx.$queryRaw<Unsealed[]>`
      SELECT u.place::text, coalesce(e.id, a.id) AS "entryId", ${Prisma.raw(SEALED_DIGEST)} AS digest
      FROM (SELECT ctid AS place, entry_id FROM journal_unsealed WHERE ctid > ${after}::tid LIMIT ${BATCH_SIZE}) u
      LEFT JOIN journal_entries e ON e.id = u.entry_id
      LEFT JOIN audit_log a ON a.id = u.entry_id
      ORDER BY u.place`;
    const last = rows.length < BATCH_SIZE ? null : (rows.at(-1)?.place ?? null);

    let head = await this.headOf(tx);
    const seals = [];
    for (const { place, entryId, digest } of rows) {
      // A removed entry stays in the list: the verifier names it.
      if (entryId === null) continue;
      head = { number: head.number + 1n, hash: sealHash(head.hash, digest) };
      seals.push({ ...head, entryId, place });
    }
    if (seals.length > 0) {
      await tx.$executeRaw`
        INSERT INTO journal_seals (number, entry_id, hash)
        SELECT * FROM unnest(${seals.map((seal) => seal.number)}::bigint[], ${seals.map((seal) => seal.entryId)}::text[],
                             ${seals.map((seal) => seal.hash)}::bytea[])`;
      await tx.$executeRaw`
        DELETE FROM journal_unsealed WHERE ctid = ANY(${seals.map((seal) => seal.place)}::text[]::tid[])`;
    }
    return { sealed: seals.length, head, last };
  }

  private async headOf(tx: SqlTx): Promise<ChainHead> {
    const [last] = await tx.$queryRaw<ChainHead[]>`SELECT number, hash FROM journal_seals ORDER BY number DESC LIMIT 1`;
    return last ?? { number: 0n, hash: FIRST_PREVIOUS_HASH };
  }
}
