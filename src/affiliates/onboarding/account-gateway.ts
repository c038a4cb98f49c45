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

export interface AccountStatus {
  accountId: string;
  detailsSubmitted: boolean;
  /** Transfers to the account and payouts from it both work. */
  payoutsEnabled: boolean;
  requirementsDue: string[];
}

/** The affiliates' accounts at the payment provider. Never called inside a database transaction. */
export abstract class AccountGateway {
  abstract createAccount(input: NewAccount): Promise<{ accountId: string }>;

  /** A link is good for one visit; it is made per click and never stored. */
  abstract createOnboardingLink(input: NewOnboardingLink): Promise<OnboardingLink>;

  /** Null when the account does not exist any more, or is not ours any more. */
  abstract getAccount(accountId: string): Promise<AccountStatus | null>;
}
