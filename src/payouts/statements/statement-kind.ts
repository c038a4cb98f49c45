export const STATEMENT_KINDS = [
  'commission',
  'claw_back',
  'restored',
  'held_back',
  'adjustment',
  'transfer_reversal',
] as const;
/**
 * What an item is: a `commission` that became payable; a `claw_back` after a refund, dispute or credit note; what was
 * `restored` after one; `held_back` while a bank asks; an `adjustment` by staff; a `transfer_reversal`, money of an
 * earlier payout that Stripe took back and that is owed again.
 */
export type StatementKind = (typeof STATEMENT_KINDS)[number];
