import { FRAUD_RULE_NAMES, fraudRule, type FraudRuleName } from './rules/registry.js';

interface ReviewRule {
  /** What staff are asked, in one sentence. */
  question: string;
  /** Whether the affiliate's money waits for the answer: no payout, and no release of what is held. */
  holds: boolean;
}

/** What no setting can switch off: questions about money that nobody but a person can answer. */
const MONEY_RULES = {
  paid_out_of_band: {
    question:
      'An invoice was paid outside Stripe, where nobody can see the money: accept it, so that it earns, or approve the case without?',
    holds: false,
  },
  unknown_dispute_status: {
    question: 'A dispute has a status that this version does not know: may the affiliate be paid meanwhile?',
    holds: true,
  },
  transfer_reversed: {
    question: 'Money of a paid payout was taken back at Stripe, and not by us: may the affiliate be paid it again?',
    holds: true,
  },
  unexpected_transfer: {
    question:
      'Stripe shows a transfer to the affiliate that no paid payout stands for: may they be paid before it is explained?',
    holds: true,
  },
} as const satisfies Record<string, ReviewRule>;

export type ReviewRuleName = keyof typeof MONEY_RULES | FraudRuleName;

/** Everything that opens review cases. Whether a fraud rule's case holds is said by the rule's setting of that moment. */
export const REVIEW_RULES: Readonly<Record<ReviewRuleName, ReviewRule>> = {
  ...MONEY_RULES,
  ...(Object.fromEntries(
    FRAUD_RULE_NAMES.map((name) => [name, { question: fraudRule(name).question, holds: false }]),
  ) as Record<FraudRuleName, ReviewRule>),
};

export const REVIEW_RULE_NAMES = Object.keys(REVIEW_RULES) as ReviewRuleName[];
