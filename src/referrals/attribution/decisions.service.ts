import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { AttributionDecision } from '@prisma/client';
import { normaliseCode } from '../../affiliates/codes/affiliate-code.js';
import { Database } from '../../database/database.js';
import { csvStream } from '../../http/csv.js';
import { allOf } from '../../http/list-query.js';
import type { PageQuery } from '../../http/page-query.dto.js';
import { type Page, pageArgs, toPage } from '../../http/pagination.js';
import { maskId } from '../masking.js';
import { decisionNotFound } from '../referral-errors.js';
import type { RefusalReason } from './attribution-rule.js';
import type { DecisionDto, DecisionInputsDto, DecisionsQuery, RuleVerdictDto } from './attribution.dto.js';
import type { MyDecisionDto } from './my-decision.dto.js';

/** Reads the traces that AttributionService left. */
@Injectable()
export class DecisionsService {
  constructor(private readonly database: Database) {}

  /** Newest first. Codes are compared as they are stored, in upper case. */
  async list(query: DecisionsQuery): Promise<Page<DecisionDto>> {
    const { where, ...page } = pageArgs(query);
    const { referredUserId, clickId } = query;
    const code = query.code === undefined ? undefined : normaliseCode(query.code);
    const rows = await this.database.prisma.attributionDecision.findMany({
      ...page,
      where: { ...where, referredUserId, code, clickId },
    });
    return toPage(rows, query, toDto);
  }

  /** An affiliate's signups that were not credited, newest first, without what the rules compared. */
  async listRefusals(affiliateId: string, query: PageQuery): Promise<Page<MyDecisionDto>> {
    const { where, ...page } = pageArgs(query);
    const rows = await this.database.prisma.attributionDecision.findMany({
      ...page,
      where: { ...where, affiliateId, attributed: false },
    });
    const subIds = await this.subIdsOf(rows);
    return toPage(rows, query, ({ id, occurredAt, referredUserId, reason, code, clickId }) => ({
      id,
      occurredAt: occurredAt.toISOString(),
      referredUserId: maskId(referredUserId),
      reason: reason as RefusalReason,
      code,
      subId: clickId === null ? null : (subIds.get(clickId) ?? null),
    }));
  }

  /** All of them as a file, read as it is written. */
  refusalsCsv(affiliateId: string): Readable {
    return csvStream<MyDecisionDto>(
      {
        id: ({ id }) => id,
        occurredAt: ({ occurredAt }) => occurredAt,
        referredUserId: ({ referredUserId }) => referredUserId,
        reason: ({ reason }) => reason,
        code: ({ code }) => code,
        subId: ({ subId }) => subId,
      },
      allOf((page) => this.listRefusals(affiliateId, page)),
    );
  }

  private async subIdsOf(decisions: AttributionDecision[]): Promise<Map<string, string | null>> {
    const clickIds = decisions.flatMap(({ clickId }) => clickId ?? []);
    if (clickIds.length === 0) return new Map();
    const clicks = await this.database.prisma.click.findMany({
      where: { id: { in: clickIds } },
      select: { id: true, subId: true },
    });
    return new Map(clicks.map(({ id, subId }) => [id, subId]));
  }

  /** @throws DomainError `attribution_decision_not_found` (404). */
  async get(id: string): Promise<DecisionDto> {
    const decision = await this.database.prisma.attributionDecision.findUnique({ where: { id } });
    if (!decision) throw decisionNotFound();
    return toDto(decision);
  }
}

function toDto(decision: AttributionDecision): DecisionDto {
  const rules = decision.rules as unknown as RuleVerdictDto[];
  return {
    id: decision.id,
    referredUserId: decision.referredUserId,
    affiliateId: decision.affiliateId,
    code: decision.code,
    clickId: decision.clickId,
    attributed: decision.attributed,
    reason: decision.reason as RefusalReason | null,
    referralId: decision.referralId,
    summary: summarise(decision, rules),
    inputs: decision.inputs as unknown as DecisionInputsDto,
    rules,
    occurredAt: decision.occurredAt.toISOString(),
    createdAt: decision.createdAt.toISOString(),
  };
}

/** Answers "why was I (not) credited?" in words that can be forwarded to the affiliate's support mail. */
function summarise(decision: AttributionDecision, rules: RuleVerdictDto[]): string {
  const whom = decision.affiliateId ?? 'anybody';
  if (!decision.attributed) {
    const because = rules.find(({ rule }) => rule === decision.reason)?.sentence ?? '';
    return `${decision.referredUserId} was not credited to ${whom} (${decision.reason}). ${because}`;
  }
  const by = decidedBy(decision, rules);
  const flags = rules.filter(({ finding }) => finding === 'flag');
  const rest =
    flags.length === 0
      ? 'No rule objected.'
      : `For staff to look at: ${flags.map(({ sentence }) => sentence).join(' ')}`;
  return `${decision.referredUserId} was credited to ${whom} by ${by} as ${decision.referralId}. ${rest}`;
}

/** The click, the code, or the promotion code that the customer used. */
function decidedBy(decision: AttributionDecision, rules: RuleVerdictDto[]): string {
  const precedence = rules.find(({ rule }) => rule === 'attribution_precedence');
  if (precedence?.evidence['decides'] === 'promotion_code') {
    return `the promotion code ${String(precedence.evidence['promotionCode'])}`;
  }
  const clickDecided = rules.some(({ rule, finding }) => rule === 'click_expired' && finding === 'pass');
  return clickDecided ? `the click ${decision.clickId}` : `the code ${decision.code}`;
}
