/**
 * What hosts may be told. Part of the contract: names are never reused or changed. docs/webhooks.md says when each one
 * happens and what it carries.
 */
export const DOMAIN_EVENT_TYPES = [
  'affiliate.created',
  'affiliate.updated',
  'referral.created',
  'referral.converted',
  'referral.churned',
  'commission.created',
  'commission.released',
  'commission.reversed',
  'commission.restored',
  'payout.paid',
  'payout.failed',
  'payout.reversed',
  'review_case.opened',
  'review_case.closed',
] as const;

export type DomainEventType = (typeof DOMAIN_EVENT_TYPES)[number];
