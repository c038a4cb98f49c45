/** Why a bank sent a payout back, by Stripe's code for it; https://docs.stripe.com/api/payouts/failures. */
const TEXTS = new Map([
  ['account_closed', 'the bank account was closed'],
  ['account_frozen', 'the bank account is frozen'],
  ['bank_account_restricted', 'the bank account does not take this kind of payment'],
  ['bank_ownership_changed', 'the bank account now belongs to another bank'],
  ['could_not_process', 'the bank could not process the payment'],
  ['debit_not_authorized', 'the bank does not allow Stripe to debit the account'],
  ['declined', 'the bank declined the payment'],
  ['expired_card', 'the card has expired'],
  ['incorrect_account_holder_address', 'the address of the account holder is not the one that the bank knows'],
  ['incorrect_account_holder_name', 'the name of the account holder is not the one that the bank knows'],
  ['incorrect_account_holder_tax_id', 'the tax number of the account holder is not the one that the bank knows'],
  ['incorrect_account_type', 'the kind of bank account is not the one that was given'],
  ['insufficient_funds', 'the Stripe balance did not hold enough'],
  ['invalid_account_number', 'the account number is not valid'],
  ['invalid_account_number_length', 'the account number has the wrong length'],
  ['invalid_card', 'the card is not valid'],
  ['invalid_currency', 'the bank account does not take this currency'],
  ['lost_or_stolen_card', 'the card was reported lost or stolen'],
  ['no_account', 'the bank knows no such account'],
  ['refer_to_card_issuer', 'the bank that issued the card refuses the payment'],
  ['unsupported_card', 'the card cannot take payments'],
]);

/** The middle of a sentence. A code of tomorrow is still told apart from having none. */
export function failureText(code: string | null): string {
  if (code === null || code === '') return 'the bank gave no reason';
  return TEXTS.get(code) ?? `the bank refused it (${code.replaceAll('_', ' ')})`;
}
