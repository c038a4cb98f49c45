import type { Referral } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';
import type { AddressRuleMode, RuleVerdict } from './attribution-rule.js';

/** What there is to say of a signup before anybody knows whose it is. */
export interface Screening {
  /** How the rules are set that attribution itself judges. */
  affiliateIpRule: AddressRuleMode;
  clickIpRule: AddressRuleMode;
  /** The word of the rules that look at nothing but the signup; they come after attribution's own. */
  verdicts: RuleVerdict[];
}

/** A signup that was credited, with what is known of it only while it is. */
export interface CreditedSignup {
  referral: Referral;
  emailNormalized: string | null;
  /** Every rule's word. */
  verdicts: RuleVerdict[];
}

/** A port: what the fraud rules say of signups, and what they make of one that was credited. */
export abstract class SignupScreening {
  /** Called before the transaction. */
  abstract screen(signup: { emailNormalized: string | null }): Promise<Screening>;

  /**
   * Called inside the transaction that credits the signups, once they are written and before anything is earned by them: keeps
   * what the rules compare of them. Whoever credits signups that are compared with these waits from here until it commits.
   */
  abstract signupsWritten(tx: SqlTx, credited: readonly CreditedSignup[]): Promise<void>;

  /**
   * Called inside the same transaction, later; all stand or fall together. Locks nothing that others could wait for.
   *
   * @returns what asks staff about what was found, to be called after all else that the transaction does but counting the
   *   signups. The affiliates' balances are locked by then where they have any.
   */
  abstract signupsCredited(tx: SqlTx, credited: readonly CreditedSignup[]): Promise<() => Promise<void>>;
}
