import { skipReason, type Candidate, type SkipReason } from './eligibility.js';

const PAYABLE: Candidate = {
  amountMinor: 2500n,
  minimumMinor: 2500n,
  affiliateStatus: 'active',
  underReview: false,
  stripeAccountId: 'acct_1',
  detailsSubmitted: true,
  payoutsEnabled: true,
  currencyHeld: true,
};

describe('why somebody is not paid', () => {
  it('is nothing for an active, onboarded affiliate that is owed the minimum and under no review', () => {
    expect(skipReason(PAYABLE)).toBeNull();
  });

  /** From the last reason to the first: each row adds one to those above it, and it is the one that is told. */
  const reasons: [SkipReason, Partial<Candidate>][] = [
    ['currency_unavailable', { currencyHeld: false }],
    ['account_restricted', { payoutsEnabled: false }],
    ['not_onboarded', { detailsSubmitted: false }],
    ['not_onboarded', { stripeAccountId: null }],
    ['under_review', { underReview: true }],
    ['suspended', { affiliateStatus: 'suspended' }],
    ['below_minimum', { amountMinor: 2499n }],
    ['negative_balance', { amountMinor: -1n }],
  ];

  it.each(reasons.map(([reason, change], row) => ({ reason, change, row })))(
    'is $reason before all that comes after it (row $row)',
    ({ reason, change, row }) => {
      expect(skipReason({ ...PAYABLE, ...change })).toBe(reason);
      const all = reasons.slice(0, row + 1).reduce((candidate, [, more]) => ({ ...candidate, ...more }), PAYABLE);
      expect(skipReason(all)).toBe(reason);
    },
  );
});
