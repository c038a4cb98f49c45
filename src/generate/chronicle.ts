import type { AuditRecord } from '../audit/audit-log.js';
import type { NewDomainEvent } from '../events/domain-events.js';
import type { BulkCopy } from './bulk-copy.js';
import type { Random } from './random.js';
import type { TimedIds } from './timed-ids.js';
import type { World } from './world.js';

/** Where an affiliate's history is written, and what it is made from. */
export class Chronicle {
  constructor(
    readonly world: World,
    readonly copy: BulkCopy,
    readonly ids: TimedIds,
    readonly random: Random,
  ) {}

  /** Tells hosts, unless it is so long ago that the event would have been deleted by now. */
  tell({ type, subjectId, data }: NewDomainEvent, occurredAt: Date): void {
    if (occurredAt < this.world.eventsSince) return;
    const id = this.ids.next('domainEvent', occurredAt);
    this.copy.add('domain_events', { id, type, subjectId, data: JSON.stringify(data), occurredAt });
  }

  audit(record: AuditRecord, recordedAt: Date): void {
    this.copy.add('audit_log', {
      ...record,
      id: this.ids.next('auditRecord', recordedAt),
      before: record.before && JSON.stringify(record.before),
      after: record.after && JSON.stringify(record.after),
      recordedAt,
    });
  }
}
