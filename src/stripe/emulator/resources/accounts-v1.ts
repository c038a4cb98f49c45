import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import type { AccountRecord } from '../stored-objects.js';
import { missingParameter } from '../stripe-problem.js';
import { wholeList } from '../wire.js';
import { changeAccount, deauthorizeAccount } from './account-changes.js';
import { accessibleAccount, createAccountRecord } from './account-record.js';
import { renderV1Account, renderV1Capability } from './account-rendering.js';

/** The platform itself, which the key belongs to. */
const PLATFORM: Omit<AccountRecord, 'id'> = {
  origin: 'v1',
  created: 0,
  country: 'US',
  defaultCurrency: 'usd',
  email: null,
  displayName: 'Fairshare emulator',
  entityType: 'company',
  dashboard: 'full',
  v1Type: 'standard',
  serviceAgreement: 'full',
  metadata: {},
  transfersRequested: true,
  onboarded: true,
  restricted: false,
  deauthorized: false,
  closed: false,
};

/** Connected accounts through the v1 API, those made by v2 included. */
export const accountV1Routes: Route[] = [
  route('GET', '/v1/account', retrieveOwnAccount),
  route('POST', '/v1/accounts', createAccount),
  route('GET', '/v1/accounts', listAccounts),
  route('GET', '/v1/accounts/:id', ({ workspace, path }) =>
    renderV1Account(accessibleAccount(workspace, path.id ?? '')),
  ),
  route('POST', '/v1/accounts/:id', updateAccount),
  route('DELETE', '/v1/accounts/:id', deleteAccount),
  route('GET', '/v1/accounts/:id/capabilities', listCapabilities),
  route('GET', '/v1/accounts/:id/capabilities/transfers', ({ workspace, path }) =>
    renderV1Capability(accessibleAccount(workspace, path.id ?? '')),
  ),
];

function createAccount({ workspace, parameters }: Call): object {
  const type = parameters.choice('type', ['express', 'custom', 'standard']);
  const dashboard = parameters
    .group('controller')
    .group('stripe_dashboard')
    .choice('type', ['express', 'full', 'none']);
  const account = createAccountRecord(workspace, {
    origin: 'v1',
    country: (parameters.string('country') ?? 'US').toUpperCase(),
    defaultCurrency: parameters.string('default_currency'),
    email: parameters.string('email') ?? null,
    displayName: parameters.group('business_profile').string('name') ?? null,
    entityType: parameters.choice('business_type', ['individual', 'company']) ?? 'individual',
    dashboard: dashboard ?? (type === 'express' ? 'express' : 'full'),
    v1Type: type ?? 'none',
    serviceAgreement: parameters.group('tos_acceptance').choice('service_agreement', ['full', 'recipient']) ?? 'full',
    metadata: parameters.metadata(),
    transfersRequested: transfersRequestedIn(parameters) ?? false,
  });
  return renderV1Account(account);
}

/** The account that the key, or the `Stripe-Account` header, stands for. */
function retrieveOwnAccount({ workspace }: Call): object {
  const { account, platformId } = workspace;
  return renderV1Account(account === null ? { ...PLATFORM, id: platformId } : accessibleAccount(workspace, account));
}

function updateAccount({ workspace, parameters, path }: Call): object {
  const before = accessibleAccount(workspace, path.id ?? '');
  const email = parameters.string('email');
  const account = changeAccount(workspace, before, {
    email: email === undefined ? before.email : email,
    metadata: parameters.metadata(before.metadata),
    transfersRequested: transfersRequestedIn(parameters) ?? before.transfersRequested,
  });
  return renderV1Account(account);
}

/** A deleted account is no longer connected, and says so as one that took the access away. */
function deleteAccount({ workspace, path }: Call): object {
  const { id } = deauthorizeAccount(workspace, accessibleAccount(workspace, path.id ?? ''));
  return { id, object: 'account', deleted: true };
}

function listAccounts({ workspace, parameters }: Call): object {
  const accounts = workspace.newestFirst('account').filter((account) => !account.deauthorized);
  return listPage(accounts.map(renderV1Account), parameters, '/v1/accounts');
}

function listCapabilities({ workspace, path }: Call): object {
  const account = accessibleAccount(workspace, path.id ?? '');
  return wholeList([renderV1Capability(account)], `/v1/accounts/${account.id}/capabilities`);
}

function transfersRequestedIn(parameters: Call['parameters']): boolean | undefined {
  const transfers = parameters.group('capabilities');
  if (!transfers.has('transfers')) return undefined;
  const requested = transfers.group('transfers').boolean('requested');
  if (requested === undefined) throw missingParameter('capabilities[transfers][requested]');
  return requested;
}
