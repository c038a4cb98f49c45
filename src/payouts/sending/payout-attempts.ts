import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { GroupCommit } from '../../database/group-commit.js';
import { hasHoldingCase } from '../../fraud/holding-cases.js';
import { PayoutGateway } from '../payout-gateway.js';
import type { ClaimedPayout } from './payout-claims.js';

interface Intent {
  payout: ClaimedPayout;
  /** Set by the flush: whether the request may leave. */
  granted: boolean;
}

/** How an attempt stands: `unknown` until an answer told, and for ever if none did. */
export type AttemptOutcome = 'unknown' | 'sent' | 'refused' | 'insufficient_funds' | 'busy' | 'halted' | 'absent';

/** The requests for transfers, each written down before it leaves. */
@Injectable()
export class PayoutAttempts {
  private readonly intents = new GroupCommit<Intent>((intents) => this.grant(intents));

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly gateway: PayoutGateway,
  ) {}

  /**
   * Commits the intent to send, so that a crash in between is told from a payout that was never sent. Concurrent calls
   * share one statement.
   *
   * Compare-and-set on what was claimed: a process that held its claim too long gets null and must send nothing, for
   * the payout may have been sent, or cancelled and its money returned, by another one. So does one that was still
   * asking about the account when the affiliate was suspended, put under review or given another account, or the run
   * was cancelled: the next claim sees to it.
   *
   * @returns the payout with this send counted, or null.
   */
  async intend(payout: ClaimedPayout): Promise<ClaimedPayout | null> {
    const intent: Intent = { payout, granted: false };
    await this.intents.add(intent);
    return intent.granted ? { ...payout, sends: payout.sends + 1 } : null;
  }

  /** What became of the payout's present attempt; nothing where another process has sent it since: that has no answer yet. */
  async resolve(payout: ClaimedPayout, outcome: AttemptOutcome, outcomeDetail: string | null): Promise<void> {
    const { id: payoutId, attemptNo, sends } = payout;
    await this.database.prisma.payoutAttempt.updateMany({
      where: { payoutId, attemptNo, payout: { sends } },
      data: { outcome, outcomeDetail, resolvedAt: outcome === 'unknown' ? null : this.clock.now() },
    });
  }

  /**
   * Goes on to the next attempt, under another key; only for one of which it is certain that it made no transfer.
   * Compare-and-set, so that of two processes only one does; the other gets null. So does one that was certain before
   * another one sent the attempt again.
   */
  async next(payout: ClaimedPayout): Promise<ClaimedPayout | null> {
    const { id, sends } = payout;
    const attemptNo = payout.attemptNo + 1;
    const { count } = await this.database.prisma.payout.updateMany({
      where: { id, status: 'pending', attemptNo: payout.attemptNo, sends },
      data: { attemptNo },
    });
    return count === 1 ? { ...payout, attemptNo, attempt: null } : null;
  }

  private async grant(intents: Intent[]): Promise<void> {
    const payouts = intents.map(({ payout }) => payout);
    const now = this.clock.now();
    const granted = await this.database.transaction(async (tx) => {
      // Whoever cancels a run locks it first: shared here, so that its cancelling waits for us, or we see it.
      const open = await tx.$queryRaw<{ id: string }[]>`
        SELECT id FROM payout_runs WHERE id = ANY(${payouts.map(({ runId }) => runId)}::text[])
          AND status IN ('sending', 'waiting_for_funds')
        ORDER BY id FOR SHARE`;
      return tx.$queryRaw<{ payoutId: string }[]>`
        WITH wanted AS (
          SELECT * FROM unnest(${payouts.map(({ id }) => id)}::text[], ${payouts.map(({ attemptNo }) => attemptNo)}::int[],
                               ${payouts.map(({ sends }) => sends)}::int[], ${payouts.map(idempotencyKeyOf)}::text[])
            AS w (id, attempt_no, sends, idempotency_key)
        ), sent AS (
          UPDATE payouts p SET sends = p.sends + 1 FROM wanted w, affiliates a
          WHERE p.id = w.id AND p.status = 'pending' AND p.attempt_no = w.attempt_no AND p.sends = w.sends
            AND p.run_id = ANY(${open.map(({ id }) => id)}::text[])
            AND a.id = p.affiliate_id AND a.status = 'active' AND a.stripe_account_id = p.destination
            AND NOT ${hasHoldingCase(Prisma.sql`a.id`)}
          RETURNING p.id, p.attempt_no, w.idempotency_key
        )
        INSERT INTO payout_attempts (payout_id, attempt_no, idempotency_key, first_sent_at, last_sent_at, credential_id, outcome)
        SELECT id, attempt_no, idempotency_key, ${now}, ${now}, ${this.gateway.credentialId}, 'unknown' FROM sent
        ON CONFLICT (payout_id, attempt_no) DO UPDATE SET last_sent_at = EXCLUDED.last_sent_at,
          credential_id = EXCLUDED.credential_id, outcome = 'unknown', outcome_detail = NULL, resolved_at = NULL
        RETURNING payout_id AS "payoutId"`;
    });
    const ids = new Set(granted.map(({ payoutId }) => payoutId));
    for (const intent of intents) intent.granted = ids.has(intent.payout.id);
  }
}

/** The same for every send of an attempt: the provider then makes at most one transfer of it. */
export function idempotencyKeyOf({ id, attemptNo }: { id: string; attemptNo: number }): string {
  return `${id}:${attemptNo}`;
}
