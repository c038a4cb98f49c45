import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../database/database.js';
import type { Answer } from '../../http/idempotency.js';
import { pageArgs, toPage, type Page } from '../../http/pagination.js';
import { actedBy, type StaffAct } from '../../staff/staff-act.js';
import { webhookDeliveryNotFound, webhookEndpointDisabled } from './webhook-errors.js';
import { DELIVERY_INCLUDE, presentDelivery } from './webhook-presenter.js';
import type { WebhookDeliveriesQuery, WebhookDeliveryDto } from './webhook.dto.js';

/** What was sent to whom, and what was answered; and how to have it sent again. */
@Injectable()
export class WebhookDeliveries {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: AuditLog,
  ) {}

  /** Newest first. */
  async list(query: WebhookDeliveriesQuery): Promise<Page<WebhookDeliveryDto>> {
    const { where, ...page } = pageArgs(query);
    const { endpointId, eventId, status } = query;
    const rows = await this.database.prisma.webhookDelivery.findMany({
      ...page,
      where: { ...where, endpointId, eventId, status },
      include: DELIVERY_INCLUDE,
    });
    return toPage(rows, query, presentDelivery);
  }

  /**
   * Has the delivery sent at once, whatever has become of it, under the id that it had before: who has taken it already
   * recognises it. Later events of the same object that still wait come after it. Locks the endpoint's row, then the
   * delivery's.
   * @throws DomainError `webhook_delivery_not_found`, `webhook_endpoint_disabled`.
   */
  async resend(tx: Tx, id: string): Promise<Answer<WebhookDeliveryDto>> {
    const delivery = await tx.webhookDelivery.findUnique({ where: { id }, select: { endpointId: true } });
    if (delivery === null) throw webhookDeliveryNotFound();
    const { count } = await tx.webhookEndpoint.updateMany({
      where: { id: delivery.endpointId, status: 'enabled' },
      data: { pausedUntil: null },
    });
    if (count === 0) throw webhookEndpointDisabled(delivery.endpointId);
    const wanted = await tx.webhookDelivery.update({
      where: { id },
      // A try that is under way no longer counts: it may have left before whatever made somebody ask.
      data: { status: 'pending', tries: 0, nextTryAt: this.clock.now(), claimedUntil: null },
      include: DELIVERY_INCLUDE,
    });
    return { status: 202, body: presentDelivery(wanted) };
  }

  /**
   * The same for staff: all of them or none, audited one by one.
   * @throws DomainError as `resend`, and `reason_length`.
   */
  async resendForStaff(ids: readonly string[], act: StaffAct): Promise<void> {
    const by = actedBy(act);
    await this.database.transaction(async (tx) => {
      for (const id of [...ids].sort()) await this.resend(tx, id);
      await this.audit.recordAll(
        tx,
        ids.map((id) => ({
          ...by,
          action: 'webhook_delivery.resent',
          subjectType: 'webhook_delivery',
          subjectId: id,
          before: null,
          after: null,
        })),
      );
    });
  }
}
