import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient, type Prisma } from '@prisma/client';
import type pg from 'pg';
import { isRetryableConflict } from './database-errors.js';
import { createPool } from './pooler.js';
import { Replica } from './replica.js';
import { BEGIN, transactOn, type SqlTx } from './sql-transaction.js';
import { StatementNames } from './statement-names.js';

/** What every writer takes first: one open database transaction. */
export type Tx = Prisma.TransactionClient;

/** Serialization failures and deadlocks are retried, at most this often. */
const MAX_TRIES = 5;
const TRANSACTION_TIMEOUT_MS = 120_000;
const MAX_CONNECTIONS = 20;
/** Groups follow each other. */
const MAX_PIPELINED_CONNECTIONS = 1;
/** All of them may be waiting for locks. */
const MAX_PATIENT_CONNECTIONS = 4;
/** All requests of a group wait, and those of the next one. */
const GROUP_LOCK_WAIT_MS = 2_000;
/** While whoever has asked still listens. */
const PATIENT_LOCK_WAIT_MS = 5_000;
/**
 * A page of the dashboard asks several statements at once, and often nobody has for minutes: on new connections, which have
 * planned nothing yet, it would take several times as long.
 */
const IDLE_CONNECTION_KEPT_MS = 5 * 60_000;
/**
 * A process that hangs (a suspended machine, a debugger) keeps the locks of its open transactions, and everybody who needs
 * the same balances waits for it. PostgreSQL rolls them back after this long without a statement; no work of ours pauses
 * for that long inside a transaction.
 */
export const ABANDONED_AFTER_MS = 30_000;
/** Nobody waits for a lock for ever; longer than an abandoned transaction may keep it. */
const LOCK_TIMEOUT_MS = 40_000;

/**
 * The one way to PostgreSQL. Ordinary reads and writes go through `prisma`; the hot single-statement paths use `pool`
 * (the same connections, several times less work per row).
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
  private readonly logger = new Logger(Database.name);

  private readonly pipelinedPool: pg.Pool;
  private readonly patientPool: pg.Pool;
  private readonly replica: Replica | null;
  private readonly names = new StatementNames();

  /**
   * @param replicaUrl a streaming replica of the same database, for `connectToRead`.
   * @param statementTimeoutMs how long a statement may take, unless its transaction says otherwise; for ever when 0.
   */
  constructor(
    readonly url: string,
    replicaUrl?: string,
    statementTimeoutMs = 0,
  ) {
    const boundWaits = (client: pg.ClientBase, isPooled: boolean): Promise<void> =>
      setLimits(client, statementTimeoutMs, isPooled);
    const connections = {
      connectionString: url,
      idleTimeoutMillis: IDLE_CONNECTION_KEPT_MS,
      connectionTimeoutMillis: 10_000,
    };
    this.pool = createPool({ ...connections, max: MAX_CONNECTIONS }, boundWaits);
    this.pipelinedPool = createPool({ ...connections, max: MAX_PIPELINED_CONNECTIONS, pipeline: true }, boundWaits);
    this.patientPool = createPool({ ...connections, max: MAX_PATIENT_CONNECTIONS }, boundWaits);
    for (const pool of [this.pool, this.pipelinedPool, this.patientPool]) {
      // An idle connection that breaks (a database restart) is replaced at its next use; unheard, it would end the process.
      pool.on('error', (error) =>
        this.logger.warn({ message: 'an idle database connection broke', error: error.message }),
      );
      // So would one that somebody has taken out; their next statement tells them.
      pool.on('connect', (client) => client.on('error', () => undefined));
    }
    this.replica = replicaUrl === undefined ? null : new Replica(this.pool, replicaUrl, boundWaits);
    // Its types forget that a statement need not have one.
    const statementNameGenerator = ({ sql }: { sql: string }): string => this.names.nameOf(sql) as string;
    this.prisma = new PrismaClient({ adapter: new PrismaPg(this.pool, { statementNameGenerator }) });
  }

  /**
   * Runs `work` in one READ COMMITTED transaction and commits. A deadlock or serialization failure rolls back and runs
   * it again, up to five times in all; so `work` must have no effect outside `tx`, and no network call.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return untilItWins(() => this.prisma.$transaction(work, { timeout: TRANSACTION_TIMEOUT_MS, maxWait: 15_000 }));
  }

  /**
   * The same for work that consists of few statements over many rows: on a bare connection, since Prisma takes several
   * times the time and memory to hand thousands of values to PostgreSQL.
   */
  sqlTransaction<T>(work: (tx: SqlTx) => Promise<T>): Promise<T> {
    return untilItWins(async () => transactOn(await this.pool.connect(), work, this.names));
  }

  /**
   * The same for a group of requests that share their statements, on the one connection that groups have: statements that
   * need no answer of each other are sent in one go (inOneGo), the last ones with COMMIT (lastly), and each is planned once,
   * by indexes and for any values, since planning the fraud rules anew takes several times as long as asking them. So it is
   * for work on few rows of any table.
   * Groups wait for each other, so it fails soon (isLockedByOthers) where it waits for anybody else's locks.
   *
   * @param onSent called once COMMIT is sent: the next group's statements may follow in the same go. Again, if it had to be
   *   run again after that.
   */
  groupTransaction<T>(work: (tx: SqlTx) => Promise<T>, onSent?: () => void): Promise<T> {
    return untilItWins(async () =>
      transactOn(
        await this.pipelinedPool.connect(),
        work,
        this.names,
        BEGIN.toWriteByIndex(GROUP_LOCK_WAIT_MS),
        onSent,
      ),
    );
  }

  /**
   * The same for what has waited in vain there: waits as long as somebody listens for the answer, beside all groups. On few
   * connections of its own, so that however much waits for locks, it takes none from anybody else.
   */
  patientTransaction<T>(work: (tx: SqlTx) => Promise<T>): Promise<T> {
    return untilItWins(async () =>
      transactOn(await this.patientPool.connect(), work, this.names, BEGIN.toWriteByIndex(PATIENT_LOCK_WAIT_MS)),
    );
  }

  /** Runs reads that belong together on one state of the database, whatever is written meanwhile. */
  snapshot<T>(read: (tx: Tx) => Promise<T>): Promise<T> {
    return this.prisma.$transaction(read, {
      isolationLevel: 'RepeatableRead',
      timeout: TRANSACTION_TIMEOUT_MS,
      maxWait: 15_000,
    });
  }

  /** The same for reads of many rows, on a bare connection. */
  async sqlSnapshot<T>(read: (tx: SqlTx) => Promise<T>): Promise<T> {
    return transactOn(await this.pool.connect(), read, this.names, BEGIN.toRead);
  }

  /**
   * A connection for reading much: to the replica, where there is one that has everything which was committed before this
   * call, so that whoever has just written finds it; else to the primary. Begin a READ ONLY transaction on it.
   */
  async connectToRead(): Promise<pg.PoolClient> {
    return (await this.replica?.connect()) ?? this.pool.connect();
  }

  /** Closed last, after every module has finished what it was doing. */
  async onApplicationShutdown(): Promise<void> {
    await this.prisma.$disconnect();
    await this.replica?.close();
    await this.pipelinedPool.end();
    await this.patientPool.end();
    await this.pool.end();
  }
}

/**
 * Not by a startup parameter: PgBouncer refuses those that it does not know. What is set stays with the server process there,
 * whoever has it next: who needs no limit must not take away that of the others.
 */
async function setLimits(client: pg.ClientBase, statementTimeoutMs: number, isPooled: boolean): Promise<void> {
  const limits = [
    `SET idle_in_transaction_session_timeout = ${ABANDONED_AFTER_MS}`,
    `SET lock_timeout = ${LOCK_TIMEOUT_MS}`,
  ];
  if (statementTimeoutMs > 0 || !isPooled) limits.push(`SET statement_timeout = ${statementTimeoutMs}`);
  await client.query(limits.join('; '));
}

/** Runs a transaction again after a deadlock or a serialization failure, up to five times in all. */
export async function untilItWins<T>(transaction: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await transaction();
    } catch (error) {
      if (tries >= MAX_TRIES || !isRetryableConflict(error)) throw error;
    }
  }
}
