import { Injectable } from '@nestjs/common';
import type { Prisma, ReviewCase } from '@prisma/client';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import { lockNames } from '../database/advisory-locks.js';
import type { Tx } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { DomainEvents, type NewDomainEvent } from '../events/domain-events.js';
import { decisionIncomplete, reviewCaseClosed, reviewCaseNotFound } from './review-errors.js';
import { REVIEW_RULES, type ReviewRuleName } from './review-rules.js';

/** What a rule found about an affiliate. */
export interface AffiliateSignal {
  affiliateId: string;
  signal: NewSignal;
}

export interface Finding extends AffiliateSignal {
  rule: ReviewRuleName;
}

/** What a rule found, and whether its case holds by how the rule is set. */
export interface Found extends Finding {
  holds: boolean;
}

interface NewSignal {
  /** Names what was found, such as an invoice: the same finding again adds nothing. */
  key: string;
  /** How bad it is, in steps, where it can get worse: the same finding at a higher level is told again. */
  level?: number;
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
 * moves no money; if it holds, it keeps the affiliate out of payouts and releases (see hasHoldingCase).
 *
 * In the order of locks, cases come after balances: a transaction that also moves the affiliate's money locks the
 * balances before it calls `open` or `close`. One that takes several cases takes them sorted by affiliate, then rule.
 */
@Injectable()
export class ReviewCases {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly events: DomainEvents,
  ) {}

  /**
   * Adds a signal to the open case of this affiliate and rule, which it opens where there is none. Idempotent per
   * signal key and level, for ever: what staff have seen in a case that is closed does not come back. Locks the
   * affiliate's cases of this rule against other openers, and the open case against its decision, until the transaction
   * ends.
   *
   * @returns the id of the case that the signal is in.
   */
  async open(tx: SqlTx, { rule, ...found }: Finding): Promise<string> {
    const [caseId] = await this.openAll(tx, rule, [found], REVIEW_RULES[rule].holds);
    if (caseId === undefined) throw new Error('a signal is in no case');
    return caseId;
  }

  /**
   * `open` for many affiliates at once, in a fixed number of statements. A case that is open holds from now on when
   * `holds` says so, and never stops holding by a signal. Keep to some hundreds: each affiliate takes a lock.
   *
   * @returns for each signal the id of its case.
   */
  async openAll(tx: SqlTx, rule: ReviewRuleName, found: AffiliateSignal[], holds: boolean): Promise<string[]> {
    await lockOpening(
      tx,
      found.map(({ affiliateId }) => ({ affiliateId, rule })),
    );
    const caseIds = await findSeen(tx, rule, found);
    const fresh = found.filter((_, index) => caseIds[index] === null);
    const open = await this.ensureOpen(tx, rule, [...new Set(fresh.map(({ affiliateId }) => affiliateId))], holds);
    await insertSignals(
      tx,
      fresh.map(({ affiliateId, signal }) => ({ ...signal, caseId: caseOf(open, affiliateId) })),
      this.clock.now(),
    );
    return found.map(({ affiliateId }, index) => caseIds[index] ?? caseOf(open, affiliateId));
  }

  /** `openAll` for what several rules found: all their cases are locked in one order. */
  async openEach(tx: SqlTx, found: readonly Found[]): Promise<void> {
    await lockOpening(tx, found);
    const alike = new Map<string, Found[]>();
    for (const one of found) {
      const key = `${one.rule}:${one.holds}`;
      alike.set(key, [...(alike.get(key) ?? []), one]);
    }
    for (const group of alike.values()) {
      const [{ rule, holds }] = group as [Found];
      await this.openAll(tx, rule, group, holds);
    }
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
    if (!closed)
      throw (await tx.reviewCase.findUnique({ where: { id } })) ? reviewCaseClosed(id) : reviewCaseNotFound(id);
    await this.events.record(tx, newsOf('review_case.closed', closed));
    return closed;
  }

  /** The open case of each affiliate, locked; made where there is none. */
  private async ensureOpen(
    tx: SqlTx,
    rule: ReviewRuleName,
    affiliateIds: string[],
    holds: boolean,
  ): Promise<Map<string, string>> {
    if (affiliateIds.length === 0) return new Map();
    // A decision that is under way is waited for: nothing joins a case that staff have judged without seeing it.
    const open = await tx.$queryRaw<{ id: string; affiliateId: string; holds: boolean }[]>`
      SELECT id, affiliate_id AS "affiliateId", holds FROM review_cases
      WHERE affiliate_id = ANY(${affiliateIds}::text[]) AND rule = ${rule} AND status = 'open'
      ORDER BY affiliate_id FOR UPDATE`;
    const byAffiliate = new Map(open.map(({ id, affiliateId }) => [affiliateId, id]));
    const milder = open.filter((one) => holds && !one.holds).map(({ id }) => id);
    if (milder.length > 0)
      await tx.$executeRaw`UPDATE review_cases SET holds = ${holds} WHERE id = ANY(${milder}::text[])`;
    const openedAt = this.clock.now();
    const fresh = affiliateIds
      .filter((affiliateId) => !byAffiliate.has(affiliateId))
      .map((affiliateId) => ({
        id: this.ids.next('reviewCase'),
        affiliateId,
        rule,
        holds,
        status: 'open',
        openedAt,
      }));
    if (fresh.length === 0) return byAffiliate;
    await tx.$executeRaw`
      INSERT INTO review_cases (id, affiliate_id, rule, holds, status, opened_at)
      SELECT id, affiliate_id, ${rule}, ${holds}, 'open', ${openedAt}
      FROM unnest(${fresh.map(({ id }) => id)}::text[], ${fresh.map(({ affiliateId }) => affiliateId)}::text[]) AS c (id, affiliate_id)`;
    await this.events.record(tx, ...fresh.map((opened) => newsOf('review_case.opened', opened)));
    for (const { id, affiliateId } of fresh) byAffiliate.set(affiliateId, id);
    return byAffiliate;
  }
}

/**
 * Whoever opens cases of one of these affiliates and rules waits here. The row of the open case cannot be that lock: there
 * may be none yet, and once it is closed it no longer keeps a signal from being taken for new.
 */
function lockOpening(tx: SqlTx, cases: readonly Pick<Finding, 'affiliateId' | 'rule'>[]): Promise<void> {
  return lockNames(
    tx,
    cases.map(({ affiliateId, rule }) => `review:${affiliateId}:${rule}`),
  );
}

async function insertSignals(
  tx: SqlTx,
  signals: readonly (NewSignal & { caseId: string })[],
  foundAt: Date,
): Promise<void> {
  if (signals.length === 0) return;
  const of = <T>(column: (signal: NewSignal & { caseId: string }) => T): T[] => signals.map(column);
  await tx.$executeRaw`
    INSERT INTO review_signals (case_id, key, level, summary, evidence, subject, referral_id, stripe_event_id, found_at)
    SELECT case_id, key, level, summary, evidence::jsonb, subject, referral_id, stripe_event_id, ${foundAt}
    FROM unnest(${of(({ caseId }) => caseId)}::text[], ${of(({ key }) => key)}::text[], ${of(({ level }) => level ?? 0)}::int[],
                ${of(({ summary }) => summary)}::text[], ${of(({ evidence }) => JSON.stringify(evidence))}::text[],
                ${of(({ subject }) => subject ?? null)}::text[], ${of(({ referralId }) => referralId ?? null)}::text[],
                ${of(({ stripeEventId }) => stripeEventId ?? null)}::text[])
      AS s (case_id, key, level, summary, evidence, subject, referral_id, stripe_event_id)
    ON CONFLICT DO NOTHING`;
}

function caseOf(open: ReadonlyMap<string, string>, affiliateId: string): string {
  const id = open.get(affiliateId);
  if (id === undefined) throw new Error(`${affiliateId} has no open case`);
  return id;
}

/** For each signal the case, open or closed, in which staff have it already, at this level or a higher one; else null. */
async function findSeen(tx: SqlTx, rule: ReviewRuleName, found: AffiliateSignal[]): Promise<(string | null)[]> {
  const rows = await tx.$queryRaw<{ caseId: string | null }[]>`
    SELECT seen.case_id AS "caseId"
    FROM unnest(${found.map(({ affiliateId }) => affiliateId)}::text[], ${found.map(({ signal }) => signal.key)}::text[],
                ${found.map(({ signal }) => signal.level ?? 0)}::int[])
      WITH ORDINALITY AS f (affiliate_id, key, level, place)
    LEFT JOIN LATERAL (
      SELECT s.case_id FROM review_cases c JOIN review_signals s ON s.case_id = c.id
      WHERE c.affiliate_id = f.affiliate_id AND c.rule = ${rule} AND s.key = f.key AND s.level >= f.level LIMIT 1
    ) seen ON TRUE
    ORDER BY f.place`;
  return rows.map(({ caseId }) => caseId);
}

type CaseNews = 'id' | 'affiliateId' | 'rule' | 'holds' | 'status' | 'openedAt';

/** Without what staff wrote: it may name somebody. */
export function newsOf(
  type: 'review_case.opened' | 'review_case.closed',
  { openedAt, closedAt, ...rest }: Pick<ReviewCase, CaseNews> & { closedAt?: Date | null },
): NewDomainEvent {
  const { id, affiliateId, rule, holds, status } = rest;
  const data = { id, affiliateId, rule, holds, status, openedAt: openedAt.toISOString() };
  return { type, subjectId: id, data: { ...data, closedAt: closedAt?.toISOString() ?? null } };
}
