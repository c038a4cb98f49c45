import { Injectable } from '@nestjs/common';
import type { AttributionDecision } from '@prisma/client';
import { normaliseCode } from '../../affiliates/codes/affiliate-code.js';
import { Database } from '../../database/database.js';
import { type Page, pageArgs, toPage } from '../../http/pagination.js';
import { decisionNotFound } from '../referral-errors.js';
import type { RefusalReason } from './attribution-rule.js';
import type { DecisionDto, DecisionInputsDto, DecisionsQuery, RuleVerdictDto } from './attribution.dto.js';

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
  const clickDecided = rules.some(({ rule, finding }) => rule === 'click_expired' && finding === 'pass');
  const by = clickDecided ? `the click ${decision.clickId}` : `the code ${decision.code}`;
  const flags = rules.filter(({ finding }) => finding === 'flag');
  const rest =
    flags.length === 0
      ? 'No rule objected.'
      : `For staff to look at: ${flags.map(({ sentence }) => sentence).join(' ')}`;
  return `${decision.referredUserId} was credited to ${whom} by ${by} as ${decision.referralId}. ${rest}`;
}
