import { randomToken } from '../ids.js';
import type { LinkRecord } from '../stored-objects.js';
import { route, type Call, type Route } from '../router.js';
import { missingParameter, noSuchReference, refused } from '../stripe-problem.js';
import type { Workspace } from '../workspace.js';
import { accessibleAccount } from './account-record.js';

/** How long an onboarding link may wait for its click. */
const LINK_LIVES_MS = 5 * 60 * 1000;
/** How long a person may take on the page. */
const SESSION_LIVES_MS = 60 * 60 * 1000;

export const accountLinkRoutes: Route[] = [
  route('POST', '/v1/account_links', createV1Link),
  route('POST', '/v2/core/account_links', createV2Link),
  route('POST', '/v1/accounts/:id/login_links', createLoginLink),
];

function createV1Link({ workspace, parameters }: Call): object {
  if (!parameters.choice('type', ['account_onboarding', 'account_update'])) throw missingParameter('type');
  const link = mintOnboardingLink(
    workspace,
    parameters.requiredString('account'),
    parameters.requiredWebAddress('refresh_url'),
    parameters.requiredWebAddress('return_url'),
  );
  return {
    object: 'account_link',
    created: workspace.nowSeconds,
    expires_at: Math.floor(link.expiresAtMs / 1000),
    url: onboardingUrl(workspace, link),
  };
}

function createV2Link({ workspace, parameters }: Call): object {
  const useCase = parameters.group('use_case');
  const type = useCase.choice('type', ['account_onboarding', 'account_update']);
  if (!type) throw missingParameter('use_case.type');
  const details = useCase.group(type);
  const link = mintOnboardingLink(
    workspace,
    parameters.requiredString('account'),
    details.requiredWebAddress('refresh_url'),
    details.webAddress('return_url') ?? null,
  );
  return {
    object: 'v2.core.account_link',
    account: link.account,
    created: workspace.now.toISOString(),
    expires_at: new Date(link.expiresAtMs).toISOString(),
    livemode: false,
    url: onboardingUrl(workspace, link),
    use_case: {
      type,
      [type]: {
        refresh_url: link.refreshUrl,
        ...(link.returnUrl !== null && { return_url: link.returnUrl }),
      },
    },
  };
}

function createLoginLink({ workspace, path }: Call): object {
  const account = accessibleAccount(workspace, path.id ?? '');
  if (account.dashboard !== 'express')
    throw refused(undefined, 'Cannot create a login link for an account without an Express dashboard.');
  if (!account.onboarded)
    throw refused(undefined, 'Cannot create a login link for an account that has not completed onboarding.');
  const link = mint(
    workspace,
    { kind: 'login', account: account.id, refreshUrl: null, returnUrl: null },
    LINK_LIVES_MS,
  );
  return {
    object: 'login_link',
    created: workspace.nowSeconds,
    url: `${workspace.baseUrl}/express/${link.id}`,
  };
}

/** Turns a clicked onboarding link into the session of its page; from now on the link is used. */
export function openSession(workspace: Workspace, link: LinkRecord): LinkRecord {
  workspace.put('account_link', { ...link, used: true });
  return mint(
    workspace,
    { kind: 'session', account: link.account, refreshUrl: link.refreshUrl, returnUrl: link.returnUrl },
    SESSION_LIVES_MS,
  );
}

function mintOnboardingLink(
  workspace: Workspace,
  id: string,
  refreshUrl: string | null,
  returnUrl: string | null,
): LinkRecord {
  const account = workspace.of(null).find('account', id);
  if (!account || account.deauthorized) throw noSuchReference('account', id, 'account');
  return mint(workspace, { kind: 'onboarding', account: account.id, refreshUrl, returnUrl }, LINK_LIVES_MS);
}

function mint(
  workspace: Workspace,
  link: Pick<LinkRecord, 'kind' | 'account' | 'refreshUrl' | 'returnUrl'>,
  livesMs: number,
): LinkRecord {
  return workspace.of(null).put('account_link', {
    ...link,
    id: randomToken(32),
    used: false,
    expiresAtMs: workspace.now.getTime() + livesMs,
  });
}

function onboardingUrl(workspace: Workspace, link: LinkRecord): string {
  return `${workspace.baseUrl}/setup/e/${link.id}`;
}
