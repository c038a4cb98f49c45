import type { Affiliate } from '@prisma/client';
import { statusTransitionInvalid } from './affiliate-errors.js';

export const AFFILIATE_STATUSES = ['pending', 'active', 'suspended'] as const;
export type AffiliateStatus = (typeof AFFILIATE_STATUSES)[number];

/** pending → active ⇄ suspended. */
const TRANSITIONS: Record<AffiliateStatus, readonly AffiliateStatus[]> = {
  pending: ['active'],
  active: ['suspended'],
  suspended: ['active'],
};

/** @throws DomainError `status_transition_invalid`. To stay as one is, is no transition. */
export function assertTransition({ id, status }: Pick<Affiliate, 'id' | 'status'>, to: AffiliateStatus): void {
  const from = status as AffiliateStatus;
  if (from !== to && !TRANSITIONS[from].includes(to)) throw statusTransitionInvalid(from, to, id);
}
