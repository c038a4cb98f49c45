export interface NewAccount {
  affiliateId: string;
  /** ISO 3166-1 alpha-2, upper case. */
  country: string;
  email: string | null;
  name: string;
  /** The same for every try of one intent, so that a repeated call makes no second account. */
  idempotencyKey: string;
}

export interface NewOnboardingLink {
  accountId: string;
  returnUrl: string;
  refreshUrl: string;
}

export interface OnboardingLink {
  url: string;
  expiresAt: Date;
}

/** One thing that the provider wants from the affiliate now. What it may want one day is no requirement. */
export interface Requirement {
  /** The provider's name of it, such as `individual.verification.document`. */
  code: string;
  /** By when, where the provider sets a date; null where it is overdue or has no date. */
  dueAt: Date | null;
  /** Overdue: until it is there, nothing is paid out. */
  pastDue: boolean;
  /** Why what was handed in did not do, in the provider's words. */
  problem: string | null;
}

export interface AccountStatus {
  accountId: string;
  detailsSubmitted: boolean;
  /** Transfers to the account and payouts from it both work. */
  payoutsEnabled: boolean;
  requirements: Requirement[];
  /** Why nothing is paid out, in the provider's word with underscores: `requirements_past_due`, `rejected_fraud`. */
  disabledReason: string | null;
}

/**
 * The provider speaks to us about no account at all: the key is wrong, lacks a permission, or the platform itself is
 * blocked. It says nothing about any affiliate, so nobody may be taken for closed or restricted because of it.
 */
export class AccountsOutOfReachError extends Error {
  constructor(readonly detail: string) {
    super(`the payment provider does not let us ask about accounts: ${detail}`);
    this.name = 'AccountsOutOfReachError';
  }
}

/**
 * The affiliates' accounts at the payment provider. Never called inside a database transaction. Every method throws
 * AccountsOutOfReachError when the fault is ours or the platform's, and other errors when there was no answer.
 */
export abstract class AccountGateway {
  abstract createAccount(input: NewAccount): Promise<{ accountId: string }>;

  /** A link is good for one visit; it is made per click and never stored. Null when the account is not ours any more. */
  abstract createOnboardingLink(input: NewOnboardingLink): Promise<OnboardingLink | null>;

  /** Null when the account does not exist any more, or is not ours any more. */
  abstract getAccount(accountId: string): Promise<AccountStatus | null>;
}
