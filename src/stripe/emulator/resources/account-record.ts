import { newId } from '../ids.js';
import type { AccountRecord } from '../stored-objects.js';
import { noAccess, refused } from '../stripe-problem.js';
import type { Workspace } from '../workspace.js';

export type NewAccount = Pick<
  AccountRecord,
  | 'origin'
  | 'country'
  | 'email'
  | 'displayName'
  | 'entityType'
  | 'dashboard'
  | 'v1Type'
  | 'serviceAgreement'
  | 'metadata'
  | 'transfersRequested'
> & {
  defaultCurrency?: string | null;
};

const CURRENCY_OF_COUNTRY = new Map([
  ['AU', 'aud'],
  ['CA', 'cad'],
  ['CH', 'chf'],
  ['DK', 'dkk'],
  ['GB', 'gbp'],
  ['JP', 'jpy'],
  ['NO', 'nok'],
  ['SE', 'sek'],
  ...['AT', 'BE', 'DE', 'ES', 'FI', 'FR', 'IE', 'IT', 'NL', 'PT'].map((country): [string, string] => [country, 'eur']),
]);

/** Makes an account that has yet to be onboarded. */
export function createAccountRecord(workspace: Workspace, fresh: NewAccount): AccountRecord {
  if (!/^[A-Z]{2}$/.test(fresh.country))
    throw refused('country_unsupported', `Country '${fresh.country}' is unknown.`, 'country');
  return workspace.of(null).put('account', {
    ...fresh,
    id: newId('acct'),
    created: workspace.nowSeconds,
    defaultCurrency: fresh.defaultCurrency ?? CURRENCY_OF_COUNTRY.get(fresh.country) ?? 'usd',
    onboarded: false,
    restricted: false,
    deauthorized: false,
    closed: false,
  });
}

/** Whether money can be transferred to the account. */
export function transfersActive(account: AccountRecord): boolean {
  return account.transfersRequested && account.onboarded && !account.restricted && !account.closed;
}

/** What the account must still hand in, in v1's words. */
export function requirementsOf(account: AccountRecord): string[] {
  if (account.onboarded) return account.asked?.fields ?? [];
  return [
    'external_account',
    'individual.dob.day',
    'individual.first_name',
    'individual.last_name',
    'tos_acceptance.date',
    'tos_acceptance.ip',
  ];
}

/** Whether what is missing keeps the account from being paid already. */
export function isOverdue(account: AccountRecord): boolean {
  return !account.onboarded || account.restricted;
}

/** The account the path names. Throws 403 `account_invalid`, as Stripe's v1 API does, when there is none. */
export function accessibleAccount(workspace: Workspace, id: string): AccountRecord {
  const account = workspace.of(null).find('account', id);
  if (!account || account.deauthorized) throw noAccess(id);
  return account;
}
