import { FileListQuery } from '../../http/list-query.dto.js';
import type { RefusalReason } from './attribution-rule.js';

export class MyDecisionsQuery extends FileListQuery {}

/** A signup that came by the affiliate's link or code and was not credited. */
export class MyDecisionDto {
  id!: string;
  occurredAt!: string;
  /** Masked. */
  referredUserId!: string;
  /** The first rule that refused it. */
  reason!: RefusalReason;
  /** The code that was used. */
  code!: string | null;
  /** The affiliate's own note on the link, where a click was stored. */
  subId!: string | null;
}

export class MyDecisionPageDto {
  data!: MyDecisionDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}
