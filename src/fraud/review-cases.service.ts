import { Injectable } from '@nestjs/common';
import type { Prisma, ReviewCase } from '@prisma/client';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import type { Tx } from '../database/database.js';
import { decisionIncomplete, reviewCaseClosed, reviewCaseNotFound } from './review-errors.js';
import { REVIEW_RULES, type ReviewRuleName } from './review-rules.js';

export interface Finding {
  affiliateId: string;
  rule: ReviewRuleName;
  signal: NewSignal;
}

interface NewSignal {
  /** Names what was found, such as an invoice: the same finding again adds nothing. */
  key: string;
  /** One sentence for staff. */
  summary: string;
  evidence: Prisma.InputJsonObject;
  /** The other party, where there is one: a domain, another affiliate, a user. */
  subject?: string;
  /** What a rejection costs; a finding without one is about all of the affiliate's referrals. */
  referralId?: string;
  stripeEventId?: string;
}

export interface ReviewDecision {
  decision: 'approved' | 'rejected';
  staffUserId: string;
  reason: string;
}

/**
 * The cases that wait for staff: one open per affiliate and rule, which gathers that rule's signals. An open case
 * moves no money; if its rule holds, it keeps the affiliate out of payouts and releases (see hasHoldingCase).
 *
 * In the order of locks, cases come after balances: a transaction that also moves the affiliate's money locks the
 * balances before it calls `open` or `close`. One that takes several cases takes them sorted by affiliate, then rule.
 */
@Injectable()
export class ReviewCases {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Adds a signal to the open case of this affiliate and rule, which it opens where there is none. Idempotent per
   * signal key, for ever: what staff have seen in a case that is closed does not come back. Locks the affiliate's
   * cases of this rule against other openers, and the open case against its decision, until the transaction ends.
   *
   * @returns the id of the case that the signal is in.
   */
  async open(tx: Tx, { affiliateId, rule, signal }: Finding): Promise<string> {
    await lockReviewRule(tx, affiliateId, rule);
    const seen = await tx.reviewSignal.findFirst({
      where: { key: signal.key, reviewCase: { affiliateId, rule } },
      select: { caseId: true },
    });
    if (seen) return seen.caseId;
    const foundAt = this.clock.now();
    // A decision that is under way is waited for: nothing joins a case that staff have judged without seeing it.
    const [open] = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM review_cases WHERE affiliate_id = ${affiliateId} AND rule = ${rule} AND status = 'open' FOR UPDATE`;
    const caseId = open?.id ?? this.ids.next('reviewCase');
    if (!open) {
      const { holds } = REVIEW_RULES[rule];
      await tx.reviewCase.create({ data: { id: caseId, affiliateId, rule, holds, status: 'open', openedAt: foundAt } });
    }
    await tx.reviewSignal.create({ data: { ...signal, caseId, foundAt } });
    return caseId;
  }

  /**
   * Records the decision; it is final. What it costs or sets free is the caller's to do, in the same transaction:
   * closing alone only ends the hold, so that the next run pays.
   *
   * @throws DomainError `decision_incomplete`, `review_case_not_found`, or `review_case_closed` when it was decided before.
   */
  async close(tx: Tx, id: string, { decision, staffUserId, reason }: ReviewDecision): Promise<ReviewCase> {
    if (staffUserId.trim() === '' || reason.trim() === '') throw decisionIncomplete();
    const [closed] = await tx.reviewCase.updateManyAndReturn({
      where: { id, status: 'open' },
      data: { status: decision, closedAt: this.clock.now(), decidedBy: staffUserId, reason },
    });
    if (closed) return closed;
    throw (await tx.reviewCase.findUnique({ where: { id } })) ? reviewCaseClosed(id) : reviewCaseNotFound(id);
  }
}

/**
 * Lets one transaction at a time open cases of this affiliate and rule. The row of the open case cannot be that lock:
 * there may be none yet, and once it is closed it no longer keeps a signal from being taken for new.
 */
async function lockReviewRule(tx: Tx, affiliateId: string, rule: ReviewRuleName): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`review:${affiliateId}:${rule}`}, 0))`;
}
