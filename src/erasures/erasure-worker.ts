import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../database/database.js';
import { executorOf, JobQueue } from '../database/job-queue.js';
import { ReferralErasure } from '../referrals/referral-erasure.js';
import { EventErasure } from '../stripe/webhooks/event-erasure.js';
import type { ErasureProgress, ErasureSearch } from './erasure-search.js';
import { ERASURE_QUEUE, type ErasureJob } from './erasures.service.js';
import { STORED_TEXTS, StoredTexts } from './stored-texts.js';

/** A job ends well before it would be taken for dead and handed to another worker; the next one goes on. */
const JOB_MS = 30_000;

/** Takes one batch further: from where the last one ended to where this one did, null at the end. */
type Step = (tx: Tx, search: ErasureSearch, after: string[] | null) => Promise<string[] | null>;

type Outcome = 'more' | 'completed';

/**
 * Searches what no index leads to: the events of Stripe, decisions, cases, stored answers, and the clicks that name a
 * retired code. Batch by batch, each in a transaction that also writes down how far it came, so that it goes on where it
 * was after a crash, and two workers do not do it twice.
 */
@Injectable()
export class ErasureWorker implements OnApplicationBootstrap {
  private readonly logger = new Logger('Erasures');
  private readonly steps: readonly Step[];

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: JobQueue,
    referrals: ReferralErasure,
    events: EventErasure,
    texts: StoredTexts,
  ) {
    this.steps = [
      (tx, search, after) => events.eraseNext(tx, search.events, after),
      ...STORED_TEXTS.map(
        (place): Step =>
          (tx, search, after) =>
            texts.replaceNext(tx, place, search, after),
      ),
      async (tx, { affiliate }, after) => {
        if (affiliate === null) return null;
        const createdAt = new Date(affiliate.createdAt);
        const last = await referrals.eraseCodesOfClicks(tx, { ...affiliate, createdAt }, after?.[0] ?? null);
        return last === null ? null : [last];
      },
    ];
  }

  /** Takes up what a process left behind. */
  async onApplicationBootstrap(): Promise<void> {
    await this.jobs.start([ERASURE_QUEUE], (error) =>
      this.logger.error({ message: 'the job queue reports an error', error: error.message }),
    );
    this.jobs.work(ERASURE_QUEUE, { batchSize: 1, handle: (jobs) => this.runAll(jobs as ErasureJob[]) });
    await this.database.transaction(async (tx) => {
      const pending = await tx.erasure.findMany({ where: { status: 'pending' }, select: { id: true } });
      await this.jobs.enqueue(
        executorOf(tx),
        ERASURE_QUEUE,
        pending.map(({ id }) => ({ erasureId: id }) satisfies ErasureJob),
      );
    });
  }

  private async runAll(jobs: ErasureJob[]): Promise<void> {
    for (const { erasureId } of jobs) await this.run(erasureId);
  }

  private async run(erasureId: string): Promise<void> {
    const endsAtMs = performance.now() + JOB_MS;
    let outcome: Outcome;
    do outcome = await this.database.transaction((tx) => this.takeFurther(tx, erasureId));
    while (outcome === 'more' && performance.now() < endsAtMs);
    if (outcome === 'completed') return;
    await this.database.transaction((tx) => this.jobs.enqueue(executorOf(tx), ERASURE_QUEUE, [{ erasureId }]));
  }

  /** One batch of one step. Locks the erasure's row, then what the step locks. */
  private async takeFurther(tx: Tx, erasureId: string): Promise<Outcome> {
    await tx.$queryRaw`SELECT 1 FROM "erasures" WHERE "id" = ${erasureId} FOR UPDATE`;
    const erasure = await tx.erasure.findUniqueOrThrow({ where: { id: erasureId } });
    if (erasure.status !== 'pending') return 'completed';
    const search = erasure.search as unknown as ErasureSearch;
    const { step, after } = (erasure.progress as unknown as ErasureProgress | null) ?? { step: 0, after: null };
    const work = this.steps[step];
    if (work === undefined) {
      await tx.erasure.update({
        where: { id: erasureId },
        data: {
          status: 'completed',
          search: Prisma.DbNull,
          progress: Prisma.DbNull,
          completedAt: this.clock.now(),
        },
      });
      this.logger.log({ message: 'a person was erased', erasureId });
      return 'completed';
    }
    const reached = await work(tx, search, after);
    const progress: ErasureProgress = reached === null ? { step: step + 1, after: null } : { step, after: reached };
    await tx.erasure.update({ where: { id: erasureId }, data: { progress: { ...progress } } });
    return 'more';
  }
}
