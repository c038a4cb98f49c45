import { Injectable } from '@nestjs/common';
import type { ReviewCase, ReviewSignal } from '@prisma/client';
import { Database } from '../database/database.js';
import { type Page, pageArgs, toPage } from '../http/pagination.js';
import type { ReviewCaseDto, ReviewCasesQuery, ReviewStatus } from './review-case.dto.js';
import { reviewCaseNotFound } from './review-errors.js';
import { REVIEW_RULES, type ReviewRuleName } from './review-rules.js';

/** A case may gather thousands; a list of a hundred cases must not become millions. */
const SIGNALS_SHOWN = 100;

type SignalRow = Pick<ReviewSignal, 'caseId' | 'key' | 'summary' | 'subject' | 'referralId' | 'foundAt'> & {
  evidence: Record<string, unknown>;
  signalCount: number;
};

/** Reads review cases; ReviewCases opens and closes them. */
@Injectable()
export class ReviewCaseQueries {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(query: ReviewCasesQuery): Promise<Page<ReviewCaseDto>> {
    const { where, ...page } = pageArgs(query);
    const { affiliateId, status, rule } = query;
    const rows = await this.database.prisma.reviewCase.findMany({
      ...page,
      where: { ...where, affiliateId, status, rule },
    });
    const signals = await this.signalsOf(rows.slice(0, query.limit));
    return toPage(rows, query, (row) => toDto(row, signals.get(row.id) ?? []));
  }

  /** @throws DomainError `review_case_not_found` (404). */
  async get(id: string): Promise<ReviewCaseDto> {
    const row = await this.database.prisma.reviewCase.findUnique({ where: { id } });
    if (!row) throw reviewCaseNotFound(id);
    return toDto(row, (await this.signalsOf([row])).get(id) ?? []);
  }

  /** The newest signals of these cases, in one query. */
  private async signalsOf(cases: ReviewCase[]): Promise<Map<string, SignalRow[]>> {
    if (cases.length === 0) return new Map();
    const rows = await this.database.prisma.$queryRaw<SignalRow[]>`
      SELECT newest.* FROM unnest(${cases.map(({ id }) => id)}::text[]) AS wanted (case_id)
      CROSS JOIN LATERAL (
        SELECT s.case_id AS "caseId", s.key, s.summary, s.evidence, s.subject, s.referral_id AS "referralId",
               s.found_at AS "foundAt", (count(*) OVER ())::int AS "signalCount"
        FROM review_signals s WHERE s.case_id = wanted.case_id
        ORDER BY s.found_at DESC, s.key DESC, s.level DESC LIMIT ${SIGNALS_SHOWN}
      ) newest`;
    const byCase = new Map<string, SignalRow[]>(cases.map(({ id }) => [id, []]));
    for (const row of rows) byCase.get(row.caseId)?.push(row);
    return byCase;
  }
}

function toDto(row: ReviewCase, signals: SignalRow[]): ReviewCaseDto {
  const rule = row.rule as ReviewRuleName;
  return {
    id: row.id,
    affiliateId: row.affiliateId,
    rule,
    question: REVIEW_RULES[rule].question,
    holds: row.holds,
    status: row.status as ReviewStatus,
    openedAt: row.openedAt.toISOString(),
    closedAt: row.closedAt?.toISOString() ?? null,
    decidedBy: row.decidedBy,
    reason: row.reason,
    signals: signals.map(({ key, summary, evidence, subject, referralId, foundAt }) => ({
      key,
      summary,
      evidence,
      subject,
      referralId,
      foundAt: foundAt.toISOString(),
    })),
    signalCount: signals[0]?.signalCount ?? 0,
  };
}
