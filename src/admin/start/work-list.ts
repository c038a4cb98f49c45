import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { firstIdAt } from '../../common/ids.js';
import { NightlyVerification } from '../../commissions/nightly-verification.js';
import { Database } from '../../database/database.js';
import type { WorkList } from './start-page.js';

/** A failed e-mail is not sent again by itself; after a week nobody misses it. */
const EMAILS_SHOWN_MS = 7 * 24 * 60 * 60 * 1000;

/** Nobody reads further than that there are many. */
const COUNTED_MAX = 1000;

/** Reads the work list by counts that end early: it costs the same with ten cases as with ten million. */
@Injectable()
export class WorkListReader {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly nightly: NightlyVerification,
  ) {}

  async read(): Promise<WorkList> {
    const { pool, prisma } = this.database;
    const count = async (from: string, values: unknown[] = []): Promise<number> => {
      const { rows } = await pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM (SELECT 1 FROM ${from} LIMIT ${COUNTED_MAX}) counted`,
        values,
      );
      return rows[0]?.n ?? 0;
    };
    const [lastRun, waitingRuns, oldest, reconciliation, verification, requested, head, lastEntry] = await Promise.all([
      prisma.payoutRun.findFirst({ orderBy: { period: 'desc' } }),
      prisma.payoutRun.findMany({
        where: { OR: [{ status: { in: ['awaiting_approval', 'waiting_for_funds'] } }, { haltedAt: { not: null } }] },
        orderBy: { period: 'asc' },
        take: 12,
      }),
      prisma.reviewCase.findFirst({ where: { status: 'open' }, orderBy: { openedAt: 'asc' } }),
      prisma.reconciliation.findFirst({ orderBy: { id: 'desc' } }),
      this.nightly.findLast(),
      this.nightly.findRequest(),
      prisma.journalSeal.findFirst({ orderBy: { number: 'desc' } }),
      prisma.journalEntry.findFirst({ orderBy: { id: 'desc' } }),
    ]);
    return {
      openCases: {
        count: await count("review_cases WHERE status = 'open'"),
        holding: await count("review_cases WHERE status = 'open' AND holds"),
        oldest: oldest?.openedAt.toISOString() ?? null,
      },
      pendingAffiliates: await count("affiliates WHERE status = 'pending'"),
      failedEvents: await count("stripe_events WHERE status IN ('failed', 'parked')"),
      pendingPayouts: await count(
        "payouts p JOIN payout_runs r ON r.id = p.run_id AND r.status <> 'completed' WHERE p.status = 'pending'",
      ),
      failedPayouts: {
        count: lastRun ? await prisma.payout.count({ where: { runId: lastRun.id, status: 'failed' } }) : 0,
        period: lastRun?.period ?? null,
      },
      failingEndpoints: await count(
        "webhook_endpoints WHERE (status = 'enabled' AND failing_since IS NOT NULL) OR disabled_reason IS NOT NULL",
      ),
      failedEmails: await count("emails WHERE status = 'failed' AND id >= $1", [
        firstIdAt('email', new Date(this.clock.now().getTime() - EMAILS_SHOWN_MS)),
      ]),
      waitingRuns: waitingRuns.map(({ id, period, status, haltedReason }) => ({ id, period, status, haltedReason })),
      ledger: {
        sealed: (head?.number ?? 0n).toString(),
        unsealed: await count('journal_unsealed'),
        lastEntryAt: lastEntry?.recordedAt.toISOString() ?? null,
      },
      verification: verification && {
        finishedAt: verification.finishedAt.toISOString(),
        breachCount: (verification.breaches as unknown[]).length,
      },
      verificationRequestedAt: requested?.requestedAt.toISOString() ?? null,
      reconciliation: reconciliation && {
        status: reconciliation.status,
        finishedAt: reconciliation.finishedAt?.toISOString() ?? null,
        differenceCount: reconciliation.differenceCount,
        openCount: reconciliation.openCount,
      },
    };
  }
}
