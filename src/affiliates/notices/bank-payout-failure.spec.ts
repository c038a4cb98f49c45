import { failureText } from './bank-payout-failure.js';

describe('why a bank sent a payout back', () => {
  it.each([
    ['account_closed', 'the bank account was closed'],
    ['no_account', 'the bank knows no such account'],
    ['insufficient_funds', 'the Stripe balance did not hold enough'],
    ['a_code_of_tomorrow', 'the bank refused it (a code of tomorrow)'],
    [null, 'the bank gave no reason'],
  ])('%s: %s', (code, text) => {
    expect(failureText(code)).toBe(text);
  });
});
