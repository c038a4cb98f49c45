import {
  completeOnboarding,
  deauthorizeAccount,
  reauthorizeAccount,
  requestDetails,
  restrictAccount,
} from './resources/account-changes.js';
import { accessibleAccount } from './resources/account-record.js';
import { renderV1Account } from './resources/account-rendering.js';
import { type BankPayout, failBankPayout, payBank, replaceBankAccount } from './resources/bank-payouts.js';
import type { Parameters } from './parameters.js';
import { route, type Call, type Route } from './router.js';
import { missingParameter } from './stripe-problem.js';
import type { AccountRecord, AskedDetails } from './stored-objects.js';
import type { Workspace } from './workspace.js';

/** The most common one. */
export const BANK_PAYOUT_FAILURE_CODE = 'account_closed';

/** What affiliates, their banks and Stripe's reviewers do to a connected account, over HTTP. */
export const accountControlRoutes: Route[] = [
  route('POST', '/_emulator/accounts/:id/complete-onboarding', (call) => changed(call, completeOnboarding)),
  route('POST', '/_emulator/accounts/:id/restrict', (call) =>
    changed(call, (workspace, account) => restrictAccount(workspace, account, askedIn(call.parameters))),
  ),
  route('POST', '/_emulator/accounts/:id/request-details', (call) =>
    changed(call, (workspace, account) => requestDetails(workspace, account, askedIn(call.parameters))),
  ),
  route('POST', '/_emulator/accounts/:id/deauthorize', (call) => changed(call, deauthorizeAccount)),
  route('POST', '/_emulator/accounts/:id/reauthorize', ({ workspace, path }) =>
    renderV1Account(reauthorizeAccount(workspace, workspace.get('account', path.id ?? ''))),
  ),
  route('POST', '/_emulator/accounts/:id/replace-bank-account', (call) =>
    changed(call, (workspace, account) =>
      replaceBankAccount(workspace, account, call.parameters.string('fingerprint') ?? undefined),
    ),
  ),
  route('POST', '/_emulator/accounts/:id/pay-bank', ({ workspace, parameters, path }) =>
    payBank(workspace, accessibleAccount(workspace, path.id ?? ''), bankPayoutIn(parameters)),
  ),
  route('POST', '/_emulator/accounts/:id/fail-bank-payout', ({ workspace, parameters, path }) =>
    failBankPayout(
      workspace,
      accessibleAccount(workspace, path.id ?? ''),
      bankPayoutIn(parameters),
      parameters.string('failure_code') ?? BANK_PAYOUT_FAILURE_CODE,
    ),
  ),
];

function changed(
  { workspace, path }: Call,
  change: (workspace: Workspace, account: AccountRecord) => AccountRecord,
): object {
  return renderV1Account(change(workspace, accessibleAccount(workspace, path.id ?? '')));
}

/** `{ requirements?: string[], deadline?: seconds, disabled_reason?, problem? }` */
function askedIn(parameters: Parameters): Partial<AskedDetails> {
  const fields = parameters.strings('requirements');
  const deadline = parameters.integer('deadline');
  const disabledReason = parameters.string('disabled_reason');
  const problem = parameters.string('problem');
  return {
    ...(fields && { fields }),
    ...(deadline !== undefined && { deadline }),
    ...(disabledReason && { disabledReason }),
    ...(problem && { problem }),
  };
}

/** `{ amount, currency? }`, the amount in minor units. */
function bankPayoutIn(parameters: Parameters): BankPayout {
  const amount = parameters.positiveInteger('amount');
  if (amount === undefined) throw missingParameter('amount');
  return { amount, currency: parameters.string('currency') ?? 'usd' };
}
