import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.js';
import { Database } from '../../database/database.js';
import { checkedReason, type StaffAct } from '../../staff/staff-act.js';
import type { Filters } from '../resources/resource-reader.js';

/** Who took which list away as a file. Written before the first row leaves. */
@Injectable()
export class ExportLog {
  constructor(
    private readonly audit: AuditLog,
    private readonly database: Database,
  ) {}

  /** @throws DomainError `reason_length`. */
  async record(list: string, filters: Filters, { staffUserId, reason }: StaffAct): Promise<void> {
    const checked = checkedReason(reason);
    await this.database.transaction((tx) =>
      this.audit.record(tx, {
        actorId: staffUserId,
        action: 'list.exported',
        subjectType: 'list',
        subjectId: list,
        before: null,
        // What was looked for may be a name: only by what it was narrowed down is kept.
        after: { filters: Object.keys(filters) },
        reason: checked,
      }),
    );
  }
}
