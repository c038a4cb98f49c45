import { Injectable } from '@nestjs/common';
import type { Affiliate } from '@prisma/client';
import { AuditLog } from '../audit/audit-log.js';
import { DashboardSessions } from '../auth/dashboard-sessions.service.js';
import type { Tx } from '../database/database.js';
import { actedBy, type StaffAct } from '../staff/staff-act.js';
import { affiliateNotFound } from './affiliate-errors.js';
import { AffiliateEvents } from './affiliate-events.js';
import { assertTransition, type AffiliateStatus } from './affiliate-status.js';

/** What staff decide about affiliates, one or many at once: whether they take part. The host app does so by the API. */
@Injectable()
export class AffiliateApproval {
  constructor(
    private readonly audit: AuditLog,
    private readonly sessions: DashboardSessions,
    private readonly events: AffiliateEvents,
  ) {}

  /**
   * Lets pending and suspended affiliates take part. All or nothing, audited one by one; who is active already stays so.
   * Locks their rows in the order of their ids.
   *
   * @returns the ids of those who were changed.
   * @throws DomainError `affiliate_not_found`, `reason_length`.
   */
  approve(tx: Tx, ids: readonly string[], act: StaffAct): Promise<string[]> {
    return this.change(tx, ids, 'active', act);
  }

  /**
   * Keeps active affiliates from clicks, attribution and payouts until they are approved again; what they earned stays
   * theirs. Ends their sessions. Otherwise like `approve`.
   *
   * @returns the ids of those who were changed.
   * @throws DomainError `affiliate_not_found`, `status_transition_invalid` for one who is pending, `reason_length`.
   */
  suspend(tx: Tx, ids: readonly string[], act: StaffAct): Promise<string[]> {
    return this.change(tx, ids, 'suspended', act);
  }

  private async change(tx: Tx, ids: readonly string[], to: AffiliateStatus, act: StaffAct): Promise<string[]> {
    const by = actedBy(act);
    const wanted = [...new Set(ids)];
    const affiliates = await tx.$queryRaw<Pick<Affiliate, 'id' | 'status'>[]>`
      SELECT id, status FROM affiliates WHERE id = ANY(${wanted}) ORDER BY id FOR NO KEY UPDATE`;
    if (affiliates.length < wanted.length) throw affiliateNotFound();
    for (const affiliate of affiliates) assertTransition(affiliate, to);
    const changed = affiliates.filter(({ status }) => status !== to);
    const changedIds = changed.map(({ id }) => id);
    await tx.affiliate.updateMany({ where: { id: { in: changedIds } }, data: { status: to } });
    if (to === 'suspended') await this.sessions.endForSuspension(tx, changedIds);
    await this.events.updatedAll(tx, changedIds);
    await this.audit.recordAll(
      tx,
      changed.map(({ id, status }) => ({
        ...by,
        action: to === 'active' ? 'affiliate.approved' : 'affiliate.suspended',
        subjectType: 'affiliate',
        subjectId: id,
        before: { status },
        after: { status: to },
      })),
    );
    return changedIds;
  }
}
