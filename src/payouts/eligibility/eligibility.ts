/** Why somebody is not paid in a run. The words are a part of the API's contract. */
export const SKIP_REASONS = [
  'below_minimum',
  'negative_balance',
  'not_onboarded',
  'account_restricted',
  'suspended',
  'under_review',
  'currency_unavailable',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

export interface Candidate {
  amountMinor: bigint;
  minimumMinor: bigint;
  affiliateStatus: string;
  /** Has an open review case that holds. */
  underReview: boolean;
  stripeAccountId: string | null;
  /** Has finished onboarding once. */
  detailsSubmitted: boolean;
  /** Transfers to the account and payouts from it work, as far as we were told. */
  payoutsEnabled: boolean;
  /** The platform has held this currency at Stripe; true while Stripe cannot be asked. */
  currencyHeld: boolean;
}

/**
 * Whether a candidate is paid (null) or why not. The amount comes first: whoever is owed nothing that could be sent
 * need not be bothered about an account. The platform's own lack comes last: what it could mend for whoever is left.
 */
export function skipReason(candidate: Candidate): SkipReason | null {
  return skipReasons(candidate)[0] ?? null;
}

/** All that keeps a candidate from being paid, what is told first in front: for whoever wants to mend it. */
export function skipReasons(candidate: Candidate): SkipReason[] {
  const reasons: SkipReason[] = [];
  if (candidate.amountMinor < 0n) reasons.push('negative_balance');
  else if (candidate.amountMinor < candidate.minimumMinor) reasons.push('below_minimum');
  if (candidate.affiliateStatus !== 'active') reasons.push('suspended');
  if (candidate.underReview) reasons.push('under_review');
  if (candidate.stripeAccountId === null || !candidate.detailsSubmitted) reasons.push('not_onboarded');
  else if (!candidate.payoutsEnabled) reasons.push('account_restricted');
  if (!candidate.currencyHeld) reasons.push('currency_unavailable');
  return reasons;
}
