import { DomainError } from '../common/domain-error.js';

const REASON_LENGTH_MIN = 3;
const REASON_LENGTH_MAX = 500;

/** Who acts, and why, in their own words. Services that staff use take it, and audit it within their own transaction. */
export interface StaffAct {
  /** A staff user's id, or `operator` at the command line (see AuditRecord). */
  staffUserId: string;
  reason: string;
}

/** The reason without the space around it. @throws DomainError `reason_length` (422). */
export function checkedReason(text: string): string {
  const reason = text.trim();
  if (reason.length < REASON_LENGTH_MIN || reason.length > REASON_LENGTH_MAX) {
    throw new DomainError(
      'rule',
      'reason_length',
      `A reason must have ${REASON_LENGTH_MIN} to ${REASON_LENGTH_MAX} characters.`,
    );
  }
  return reason;
}

/** How an audit record names an act. @throws DomainError `reason_length` (422). */
export function actedBy({ staffUserId, reason }: StaffAct): { actorId: string; reason: string } {
  return { actorId: staffUserId, reason: checkedReason(reason) };
}
