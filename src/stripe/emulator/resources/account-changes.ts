import type { AccountRecord, AskedDetails } from '../stored-objects.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { isOverdue, requirementsOf, transfersActive } from './account-record.js';
import { renderV1Account, renderV1Capability } from './account-rendering.js';
import { newBankAccount } from './bank-accounts.js';

/**
 * Stores a changed account and tells what changed: `account.updated` and, where the capability's
 * status changed, `capability.updated` as events of the account, for a v2 account also the thin
 * events.
 */
export function changeAccount(
  workspace: Workspace,
  before: AccountRecord,
  changes: Partial<AccountRecord>,
): AccountRecord {
  const account = workspace.of(null).put('account', { ...before, ...changes });
  const own = workspace.of(account.id);
  const rendered = renderV1Account(account);
  const statusChanged = transfersActive(before) !== transfersActive(account);
  const requirementsChanged = wantedOf(before) !== wantedOf(account);
  own.emit('account.updated', rendered, previousAttributes(renderV1Account(before), rendered));
  if (statusChanged)
    own.emit('capability.updated', renderV1Capability(account), {
      status: renderV1Capability(before).status,
    });
  if (account.origin === 'v2') {
    const related = { id: account.id, type: 'v2.core.account', url: `/v2/core/accounts/${account.id}` };
    const platform = workspace.of(null);
    if (statusChanged) {
      platform.emitThin('v2.core.account[configuration.recipient].capability_status_updated', related, {
        updated_capability: 'stripe_balance.stripe_transfers',
      });
    }
    if (requirementsChanged) platform.emitThin('v2.core.account[requirements].updated', related);
    if (account.closed && !before.closed) platform.emitThin('v2.core.account.closed', related);
  }
  return account;
}

function wantedOf(account: AccountRecord): string {
  return [...requirementsOf(account), account.asked?.deadline, isOverdue(account)].join();
}

/** Everything asked for is handed in: transfers and payouts become active. */
export function completeOnboarding(workspace: Workspace, account: AccountRecord): AccountRecord {
  return changeAccount(workspace, account, {
    onboarded: true,
    restricted: false,
    transfersRequested: true,
    asked: null,
    bankAccount: account.bankAccount ?? newBankAccount(),
  });
}

/** Stripe wants a document again, or what `asked` says, and stops transfers and payouts until it is there. */
export function restrictAccount(
  workspace: Workspace,
  account: AccountRecord,
  asked: Partial<AskedDetails> = {},
): AccountRecord {
  return changeAccount(workspace, account, { restricted: true, asked: { ...A_DOCUMENT, ...asked } });
}

/** Stripe wants a document, or what `asked` says, by a date; until then nothing stops. */
export function requestDetails(
  workspace: Workspace,
  account: AccountRecord,
  asked: Partial<AskedDetails> = {},
): AccountRecord {
  return changeAccount(workspace, account, { asked: { ...A_DOCUMENT, ...asked } });
}

const A_DOCUMENT: AskedDetails = {
  fields: ['individual.verification.document'],
  deadline: null,
  disabledReason: null,
  problem: null,
};

/** The affiliate gives the access back that it had taken: `account.application.authorized`. */
export function reauthorizeAccount(workspace: Workspace, account: AccountRecord): AccountRecord {
  const changed = workspace.of(null).put('account', { ...account, deauthorized: false });
  workspace.of(account.id).emit('account.application.authorized', APPLICATION);
  return changed;
}

/** The affiliate takes the platform's access away: `account.application.deauthorized`. */
export function deauthorizeAccount(workspace: Workspace, account: AccountRecord): AccountRecord {
  const changed = workspace.of(null).put('account', { ...account, deauthorized: true });
  workspace.of(account.id).emit('account.application.deauthorized', APPLICATION);
  return changed;
}

const APPLICATION = { id: 'ca_emulator', object: 'application', name: 'Fairshare emulator' };
