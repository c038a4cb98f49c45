import { setImmediate } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import PgBoss from 'pg-boss';
import { Database, untilItWins, type Tx } from './database.js';
import { QueueWorker, type Work } from './queue-worker.js';

/** Anything that runs SQL: a pool client inside its own transaction, or a Prisma transaction. */
export interface SqlExecutor {
  executeSql(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

/** A job whose worker died is handed to another one after this long. */
const EXPIRE_SECONDS = 120;

/**
 * Background jobs on the same PostgreSQL (pg-boss). A job is enqueued in the transaction of the write it belongs to,
 * so that neither exists without the other. Jobs may run twice; handlers are idempotent.
 */
@Injectable()
export class JobQueue implements BeforeApplicationShutdown {
  private boss: PgBoss | null = null;
  private starting: Promise<PgBoss> | null = null;
  private report: (error: Error) => void = () => undefined;
  /** Statements under way: pg-boss does not wait for all of them when it stops. */
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly workers = new Map<string, QueueWorker>();

  constructor(private readonly database: Database) {}

  /**
   * Opens these queues, making those that do not exist yet. Enqueuing works only after it. Each module opens its own;
   * what the whole queue has to report, the first one hears.
   */
  async start(queues: string[], onError: (error: Error) => void): Promise<void> {
    // Instances that start on a new database at the same moment make the same tables, and may deadlock over them.
    this.starting ??= untilItWins(() => this.startBoss(onError));
    const boss = await this.starting;
    for (const name of queues) {
      await untilItWins(() =>
        boss.createQueue(name, { name, expireInSeconds: EXPIRE_SECONDS, retryLimit: 10, retryBackoff: true }),
      );
    }
  }

  /** Has this process work on an open queue. */
  work(queue: string, work: Work): void {
    const worker = new QueueWorker(this.started(), queue, work, (error) => this.report(error));
    this.workers.set(queue, worker);
    worker.start();
  }

  /** Enqueues within the executor's transaction, to be worked on at once. */
  async enqueue(executor: SqlExecutor, queue: string, jobs: object[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.started().insert(
      jobs.map((data) => ({ name: queue, data })),
      { db: executor },
    );
  }

  /** Lets this process's worker look at once instead of at its next poll; call it after the commit. */
  wake(queue: string): void {
    this.workers.get(queue)?.wake();
  }

  private async startBoss(onError: (error: Error) => void): Promise<PgBoss> {
    const executeSql = (text: string, values: unknown[]) => this.track(this.database.pool.query(text, values));
    // Nothing is planned with pg-boss, and what plans for it would not bear a database that goes away.
    const boss = new PgBoss({ db: { executeSql }, schedule: false });
    boss.on('error', onError);
    this.report = onError;
    await boss.start();
    this.boss = boss;
    return boss;
  }

  private started(): PgBoss {
    if (!this.boss) throw new Error('the job queue has not been started');
    return this.boss;
  }

  /** Takes no more jobs, and resolves once what is under way has ended and is written down. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
    await this.boss?.stop({ graceful: true, wait: true, close: false });
    while (this.underWay.size > 0) {
      await Promise.allSettled(this.underWay);
      // What ended may be followed by one more statement of pg-boss' own housekeeping.
      await setImmediate();
    }
    this.boss = null;
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    const forget = (): void => {
      this.underWay.delete(work);
    };
    work.then(forget, forget);
    return work;
  }
}

/** Lets a job be enqueued inside a Prisma transaction. */
export function executorOf(tx: Tx): SqlExecutor {
  return {
    async executeSql(text, values) {
      return {
        rows: await tx.$queryRawUnsafe<Record<string, unknown>[]>(text, ...values.map((value) => value ?? null)),
      };
    },
  };
}
