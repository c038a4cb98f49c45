import { limitOf } from '../listing.js';
import type { Parameters } from '../parameters.js';
import { route, type Call, type Route } from '../router.js';
import type { AccountRecord } from '../stored-objects.js';
import { missingParameter, noSuchObject } from '../stripe-problem.js';
import { changeAccount } from './account-changes.js';
import { createAccountRecord } from './account-record.js';
import { renderV2Account } from './account-rendering.js';

/** Connected accounts through the v2 API. */
export const accountV2Routes: Route[] = [
  route('POST', '/v2/core/accounts', createAccount),
  route('GET', '/v2/core/accounts', listAccounts),
  route('GET', '/v2/core/accounts/:id', (call) => renderV2Account(accountOf(call), includeOf(call.parameters))),
  route('POST', '/v2/core/accounts/:id', updateAccount),
  route('POST', '/v2/core/accounts/:id/close', (call) =>
    renderV2Account(changeAccount(call.workspace, accountOf(call), { closed: true }), []),
  ),
  route('GET', '/v2/core/events/:id', ({ workspace, path }) => workspace.of(null).get('thin_event', path.id ?? '')),
];

function createAccount({ workspace, parameters }: Call): object {
  const identity = parameters.group('identity');
  const country = identity.string('country');
  if (!country) throw missingParameter('identity.country');
  if (!parameters.group('configuration').has('recipient')) throw missingParameter('configuration');
  const account = createAccountRecord(workspace, {
    origin: 'v2',
    country: country.toUpperCase(),
    defaultCurrency: parameters.group('defaults').string('currency'),
    email: parameters.string('contact_email') ?? null,
    displayName: parameters.string('display_name') ?? null,
    entityType: identity.string('entity_type') === 'company' ? 'company' : 'individual',
    dashboard: parameters.choice('dashboard', ['express', 'full', 'none']) ?? 'none',
    v1Type: 'none',
    serviceAgreement: 'full',
    metadata: parameters.metadata(),
    transfersRequested: transfersRequestedIn(parameters) ?? false,
  });
  return renderV2Account(account, includeOf(parameters));
}

function updateAccount(call: Call): object {
  const { workspace, parameters } = call;
  const before = accountOf(call);
  const account = changeAccount(workspace, before, {
    email: parameters.string('contact_email') ?? before.email,
    displayName: parameters.string('display_name') ?? before.displayName,
    metadata: parameters.metadata(before.metadata),
    transfersRequested: transfersRequestedIn(parameters) ?? before.transfersRequested,
  });
  return renderV2Account(account, includeOf(parameters));
}

/** v2 lists name their next page by an address; ours holds the last id of the page before. */
function listAccounts({ workspace, parameters }: Call): object {
  const limit = limitOf(parameters);
  const accounts = workspace
    .of(null)
    .newestFirst('account')
    .filter((account) => !account.deauthorized);
  const start = accounts.findIndex(({ id }) => id === parameters.string('page')) + 1;
  const page = accounts.slice(start, start + limit);
  const last = page.at(-1);
  const more = last !== undefined && start + limit < accounts.length;
  return {
    data: page.map((account) => renderV2Account(account, [])),
    next_page_url: more ? `/v2/core/accounts?limit=${limit}&page=${last.id}` : null,
    previous_page_url: null,
  };
}

/** The account the path names. Throws 404 when there is none. */
function accountOf({ workspace, path }: Call): AccountRecord {
  const account = workspace.of(null).find('account', path.id ?? '');
  if (!account || account.deauthorized) throw noSuchObject('account', path.id ?? '');
  return account;
}

function includeOf(parameters: Parameters): string[] {
  return parameters.strings('include') ?? [];
}

function transfersRequestedIn(parameters: Parameters): boolean | undefined {
  return parameters
    .group('configuration')
    .group('recipient')
    .group('capabilities')
    .group('stripe_balance')
    .group('stripe_transfers')
    .boolean('requested');
}
