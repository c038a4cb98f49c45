import type { Requirement } from './account-gateway.js';
import { disabledText, todosOf } from './requirement-texts.js';

const requirement = (code: string, more: Partial<Requirement> = {}): Requirement => ({
  code,
  dueAt: null,
  pastDue: false,
  problem: null,
  ...more,
});

describe('what Stripe requires, in plain words', () => {
  it.each([
    ['external_account', 'bank_account', 'add a bank account for your payouts'],
    ['tos_acceptance.date', 'terms', "accept Stripe's terms"],
    ['individual.verification.document', 'document', 'upload a photo of your identity document'],
    ['individual.verification.additional_document', 'address_document', 'upload a document that shows your address'],
    ['individual.dob.day', 'date_of_birth', 'give your date of birth'],
    ['identity.individual.date_of_birth', 'date_of_birth', 'give your date of birth'],
    ['individual.first_name', 'name', 'give your name'],
    ['identity.individual.surname', 'name', 'give your name'],
    ['individual.ssn_last_4', 'tax_id', 'give your tax or identity number'],
    ['individual.address.postal_code', 'address', 'give your address'],
    ['company.name', 'company_name', "give your company's name"],
    [
      'company.verification.document',
      'company_document',
      'upload a document that proves that your company is registered',
    ],
    ['person_1AbC2.dob.year', 'person_date_of_birth', 'give the date of birth of a person named on your account'],
    ['representative.phone', 'person_phone', 'give the phone number of a person named on your account'],
    ['directors.email', 'person_email', 'give the e-mail address of a person named on your account'],
    ['company.owners_provided', 'persons', 'confirm that all owners and directors of your company are named'],
    ['person_1AbC2.relationship.title', 'role', 'say what part a person named on your account has in your company'],
    ['business_profile.url', 'website', 'give your web page, or describe what you do'],
    ['business_profile.mcc', 'business', 'describe what you do'],
    ['business_type', 'entity_type', 'say whether you are paid as a person or as a company'],
    [
      'interv_abc123.other_supportability_inquiry.form',
      'stripe_questions',
      "answer Stripe's questions about your account",
    ],
    [
      'individual.favourite_colour.shade',
      'individual.favourite_colour.shade',
      'give further details (individual favourite colour shade)',
    ],
    ['person_1AbC2.moon_phase', 'person_1AbC2.moon_phase', 'give further details (moon phase)'],
  ])('%s is %s: %s', (stripeCode, code, action) => {
    expect(todosOf([requirement(stripeCode)])).toMatchObject([{ code, action, stripeCodes: [stripeCode] }]);
  });

  it('is one thing to do for what asks for the same, by the strictest date, overdue first', () => {
    const [soon, late] = [new Date('2026-12-10'), new Date('2026-12-20')];
    const todos = todosOf([
      requirement('external_account', { dueAt: late }),
      requirement('individual.dob.day', { dueAt: late }),
      requirement('individual.dob.month', { dueAt: soon }),
      requirement('individual.verification.document', { pastDue: true, problem: 'The document has expired.' }),
    ]);
    expect(todos.map(({ code, dueAt, pastDue, problem }) => [code, dueAt, pastDue, problem])).toEqual([
      ['document', null, true, 'The document has expired.'],
      ['date_of_birth', soon, false, null],
      ['bank_account', late, false, null],
    ]);
  });
});

describe('why an account is not paid out to', () => {
  it.each([
    ['requirements_past_due', 'Stripe has paused your payouts until it has what is overdue.'],
    ['rejected_fraud', 'Stripe has rejected the account; only its support can say more.'],
    ['rejected_platform_other', 'The account was rejected by the company that runs this programme; ask it why.'],
    ['a_reason_of_tomorrow', 'Stripe has paused your payouts.'],
  ])('%s: %s', (reason, text) => {
    expect(disabledText(reason)).toBe(text);
  });
});
