import type { SkipReason } from '../../payouts/eligibility/eligibility.js';

/** What each kind of e-mail is about, read when it is sent: nothing of it is kept with the e-mail. */
export interface MailFacts {
  welcome: { name: string; referralUrl: string; rateBps: number; durationMonths: number | null };
  first_conversion: {
    convertedAt: Date;
    /** Null where the first invoice earned nothing. */
    commission: { amountMinor: bigint; currency: string; heldUntil: Date | null } | null;
    canBePaid: boolean;
  };
  monthly_statement: {
    /** `2026-11`: the calendar month before the run. */
    month: string;
    currencies: StatementOfCurrency[];
    /** Null where none is planned within a year. */
    nextPayoutAt: Date | null;
  };
  payout_paid: { amountMinor: bigint; currency: string; period: string; paidAt: Date; reference: string };
  action_needed: ActionNeeded;
}

/** One affiliate's month in one currency, and what it has today. */
export interface StatementOfCurrency {
  currency: string;
  /** By commissions, before anything was taken back. */
  earnedMinor: bigint;
  /** Taken back less restored: not below zero, but where more was restored than taken back in this month. */
  reversedMinor: bigint;
  adjustedMinor: bigint;
  /** In the run that the statement follows. */
  paid: { amountMinor: bigint; at: Date } | null;
  heldMinor: bigint;
  payableMinor: bigint;
  inPayoutMinor: bigint;
  /** Why the run did not pay. */
  skipped: { reason: SkipReason; amountMinor: bigint; minimumMinor: bigint } | null;
}

export type ActionNeeded =
  | {
      kind: 'set_up_payouts';
      waiting: { amountMinor: bigint; currency: string }[];
      runAt: Date;
      nextPayoutAt: Date | null;
    }
  /** With Stripe's code for what the bank said. */
  | { kind: 'bank_payout_failed'; amountMinor: bigint; currency: string; failureCode: string | null }
  | { kind: 'account_restricted' }
  | { kind: 'account_gone' }
  | { kind: 'requirements_due'; dueAt: Date };

/** What templates need beside the facts. */
export interface MailSetting {
  brand: string;
  /** The host's site, where affiliates have their account. */
  site: string;
  portalUrl: string;
}
