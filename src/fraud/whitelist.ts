import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { checkedReason, type StaffAct } from '../staff/staff-act.js';
import { ruleNotWhitelistable } from './review-errors.js';
import { isFraudRule } from './rules/registry.js';

export interface Pair {
  affiliateId: string;
  /** One of the fraud rules. */
  rule: string;
  /** The other party. Null: whatever the rule finds about this affiliate. */
  subject: string | null;
}

/** In place of a domain in what is audited, which stays for ever: it may be the name of somebody who is to be forgotten. */
const OWN_DOMAIN = '[domain]';

/** The pairs that staff have allowed for good: a rule opens no case about them any more. */
@Injectable()
export class Whitelist {
  constructor(
    private readonly clock: Clock,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Allows a pair for good. What waits in open cases stays there for its decision. Audited as `review_pair.whitelisted`;
   * a pair that is allowed already stays as it was. Locks nothing.
   *
   * @throws DomainError `rule_not_whitelistable`, `reason_length`.
   */
  async whitelistPair(tx: Tx, { affiliateId, rule, subject }: Pair, act: StaffAct): Promise<void> {
    if (!isFraudRule(rule)) throw ruleNotWhitelistable(rule);
    const reason = checkedReason(act.reason);
    const { staffUserId } = act;
    const { count } = await tx.reviewWhitelist.createMany({
      data: [{ affiliateId, rule, subject: subject ?? '', staffUserId, reason, createdAt: this.clock.now() }],
      skipDuplicates: true,
    });
    if (count === 0) return;
    await this.audit.record(tx, {
      actorId: staffUserId,
      action: 'review_pair.whitelisted',
      subjectType: 'affiliate',
      subjectId: affiliateId,
      before: null,
      after: { rule, subject: subject !== null && rule === 'same_email_domain' ? OWN_DOMAIN : subject },
      reason,
    });
  }
}

/** Whether staff have allowed this pair for good: the affiliate and the other party, or all that the rule finds about it. */
export function isWhitelisted(affiliateId: Prisma.Sql, rule: string, subject: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`EXISTS (
    SELECT 1 FROM review_whitelist w
    WHERE w.affiliate_id = ${affiliateId} AND w.rule = ${rule} AND w.subject IN ('', coalesce(${subject}, '')))`;
}

/** Of each pair whether it is. */
export async function findWhitelisted(tx: SqlTx, pairs: readonly Pair[]): Promise<boolean[]> {
  if (pairs.length === 0) return [];
  const rows = await tx.$queryRaw<{ isAllowed: boolean }[]>`
    SELECT EXISTS (
      SELECT 1 FROM review_whitelist w
      WHERE w.affiliate_id = p.affiliate_id AND w.rule = p.rule AND w.subject IN ('', coalesce(p.subject, ''))
    ) AS "isAllowed"
    FROM unnest(${pairs.map(({ affiliateId }) => affiliateId)}::text[], ${pairs.map(({ rule }) => rule)}::text[],
                ${pairs.map(({ subject }) => subject)}::text[]) WITH ORDINALITY AS p (affiliate_id, rule, subject, place)
    ORDER BY p.place`;
  return rows.map(({ isAllowed }) => isAllowed);
}
