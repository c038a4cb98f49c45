import type { Requirement } from './account-gateway.js';

/** What the affiliate has to do; one may stand for several of the provider's requirements. */
export interface Todo {
  /** Ours and stable: `date_of_birth`. Of a requirement that has no text here, the provider's own code. */
  code: string;
  /** `give your date of birth`: the middle of a sentence. */
  action: string;
  dueAt: Date | null;
  pastDue: boolean;
  problem: string | null;
  /** The provider's codes that it stands for. */
  stripeCodes: string[];
}

/** Whose detail it is: the affiliate's own, its company's, or that of somebody else named on the account. */
type Subject = 'own' | 'company' | 'person';

interface Text {
  code: string;
  pattern: RegExp;
  action: string | ((subject: Subject) => string);
}

const give = (noun: string) => (subject: Subject) => `give ${nounOf(subject, noun)}`;

/**
 * The first that fits counts. v1 and v2 have different paths for the same detail (`individual.dob.day`,
 * `identity.individual.date_of_birth`), so only the telling part is looked at.
 * https://docs.stripe.com/connect/required-verification-information
 */
const TEXTS: readonly Text[] = [
  {
    code: 'bank_account',
    pattern: /external_account|bank_account|payout_method/,
    action: 'add a bank account for your payouts',
  },
  { code: 'terms', pattern: /tos_acceptance|terms_of_service|tos_shown/, action: "accept Stripe's terms" },
  {
    code: 'stripe_questions',
    pattern: /^interv_|\.form$|inquiry/,
    action: "answer Stripe's questions about your account",
  },
  { code: 'selfie', pattern: /liveness|selfie/, action: 'confirm with a photo of yourself that it is you' },
  {
    code: 'address_document',
    pattern: /additional_document|secondary_verification|proof_of_address/,
    action: (subject) => `upload a document that shows ${nounOf(subject, 'address')}`,
  },
  {
    code: 'document',
    pattern: /verification\.document|primary_verification|documents?\./,
    action: (subject) =>
      subject === 'company'
        ? 'upload a document that proves that your company is registered'
        : `upload a photo of ${nounOf(subject, 'identity document')}`,
  },
  { code: 'date_of_birth', pattern: /\bdob\b|date_of_birth/, action: give('date of birth') },
  {
    code: 'tax_id',
    pattern: /id_number|ssn_last_4|tax_id|vat_id|registration_number/,
    action: give('tax or identity number'),
  },
  { code: 'address', pattern: /address/, action: give('address') },
  { code: 'phone', pattern: /phone/, action: give('phone number') },
  { code: 'email', pattern: /email/, action: give('e-mail address') },
  { code: 'nationality', pattern: /nationalit/, action: give('nationality') },
  {
    code: 'political_exposure',
    pattern: /political_exposure/,
    action: 'say whether anybody on the account holds a political office',
  },
  {
    code: 'persons',
    pattern: /(owners|directors|executives)_provided|ownership_declaration/,
    action: 'confirm that all owners and directors of your company are named',
  },
  { code: 'role', pattern: /relationship/, action: 'say what part a person named on your account has in your company' },
  { code: 'website', pattern: /\burl\b|website/, action: 'give your web page, or describe what you do' },
  {
    code: 'business',
    pattern: /business_profile|product_description|\bmcc\b|industry|line_of_business/,
    action: 'describe what you do',
  },
  {
    code: 'entity_type',
    pattern: /business_type|entity_type/,
    action: 'say whether you are paid as a person or as a company',
  },
  { code: 'name', pattern: /(^|[._])names?(\.|$)|surname/, action: give('name') },
];

/** What the requirements come to, overdue first and then by date. Those that ask for the same thing become one. */
export function todosOf(requirements: readonly Requirement[]): Todo[] {
  const todos = new Map<string, Todo>();
  for (const requirement of requirements) {
    const { code, action } = textOf(requirement.code);
    const known = todos.get(action);
    todos.set(action, {
      code,
      action,
      dueAt: earlier(known?.dueAt ?? null, requirement.dueAt),
      pastDue: requirement.pastDue || (known?.pastDue ?? false),
      problem: known?.problem ?? requirement.problem,
      stripeCodes: [...(known?.stripeCodes ?? []), requirement.code],
    });
  }
  return [...todos.values()].sort(
    (a, b) =>
      Number(b.pastDue) - Number(a.pastDue) || (a.dueAt?.getTime() ?? Infinity) - (b.dueAt?.getTime() ?? Infinity) || 0,
  );
}

function textOf(stripeCode: string): { code: string; action: string } {
  const text = TEXTS.find(({ pattern }) => pattern.test(stripeCode));
  if (!text) return { code: stripeCode, action: `give further details (${readable(stripeCode)})` };
  if (typeof text.action === 'string') return { code: text.code, action: text.action };
  const subject = subjectOf(stripeCode);
  return { code: subject === 'own' ? text.code : `${subject}_${text.code}`, action: text.action(subject) };
}

function subjectOf(stripeCode: string): Subject {
  if (/(^|\.)(company|business_details)\./.test(stripeCode)) return 'company';
  return /^person_|(^|\.)(representative|owners|directors|executives|authorizer|persons?)\./.test(stripeCode)
    ? 'person'
    : 'own';
}

function nounOf(subject: Subject, noun: string): string {
  if (subject === 'person') return `the ${noun} of a person named on your account`;
  return subject === 'company' ? `your company's ${noun}` : `your ${noun}`;
}

/** `person_1Ab.some_new.field` → `some new field`: ids say nothing to people. */
function readable(stripeCode: string): string {
  return stripeCode
    .split('.')
    .filter((part) => !/^[a-z]+_\w*\d\w*$/.test(part))
    .join(' ')
    .replaceAll('_', ' ');
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

const BEING_CHECKED = 'Stripe is checking the account; there is nothing to do until it has.';
const REJECTED_BY_US = 'The account was rejected by the company that runs this programme; ask it why.';
const REJECTED = 'Stripe has rejected the account; only its support can say more.';

/** By the provider's word for it; https://docs.stripe.com/connect/handling-api-verification. */
const DISABLED_REASONS = new Map([
  ['requirements_past_due', 'Stripe has paused your payouts until it has what is overdue.'],
  ['requirements_pending_verification', 'Stripe is checking what you handed in; there is nothing to do until it has.'],
  ['determining_status', BEING_CHECKED],
  ['under_review', BEING_CHECKED],
  ['listed', BEING_CHECKED],
  ['rejected_listed', REJECTED],
  ['rejected_incomplete_verification', 'Stripe has rejected the account, since it never got what it asked for.'],
  ['platform_paused', 'The company that runs this programme has paused the account; ask it why.'],
  ['unsupported_business', 'Stripe does not pay for this kind of business.'],
  ['unsupported_country', 'Stripe cannot pay out in the country of the account.'],
  ['unsupported_entity_type', 'Stripe cannot pay out to this kind of company in the country of the account.'],
]);

/** Why nothing is paid out, as a sentence. */
export function disabledText(reason: string): string {
  const known = DISABLED_REASONS.get(reason);
  if (known !== undefined) return known;
  if (reason.startsWith('rejected_platform_')) return REJECTED_BY_US;
  if (reason.startsWith('rejected_')) return REJECTED;
  return 'Stripe has paused your payouts.';
}
