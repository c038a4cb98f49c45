import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Route } from '../router.js';
import type { AccountRecord, BankAccountRecord } from '../stored-objects.js';
import { refused } from '../stripe-problem.js';
import type { Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { newBankAccount, renderBankAccount } from './bank-accounts.js';
import { changeAccount } from './account-changes.js';

type Payout = Wire<Stripe.Payout>;

/** What Stripe pays out of a connected account's balance to its bank. */
export interface BankPayout {
  /** In minor units. */
  amount: number;
  currency: string;
}

const DAY_SECONDS = 86_400;

/** Payouts of a connected account, read with its `Stripe-Account` header. */
export const bankPayoutRoutes: Route[] = [
  route('GET', '/v1/payouts', ({ workspace, parameters }) =>
    listPage(workspace.newestFirst('payout'), parameters, '/v1/payouts'),
  ),
  route('GET', '/v1/payouts/:id', ({ workspace, path }) => workspace.get('payout', path.id ?? '')),
];

/** Money goes out to the account's bank and arrives: `payout.created`, `payout.paid`. */
export function payBank(workspace: Workspace, account: AccountRecord, payout: BankPayout): Payout {
  return finish(workspace, account, beginPayout(workspace, account, payout), { status: 'paid' });
}

/**
 * Money goes out to the account's bank, which sends it back: `payout.created`, `payout.failed`. The bank account is
 * marked as wrong (`account.external_account.updated`) and the money lies in the account's balance again.
 */
export function failBankPayout(
  workspace: Workspace,
  account: AccountRecord,
  payout: BankPayout,
  failureCode: string,
): Payout {
  const begun = beginPayout(workspace, account, payout);
  const failed = finish(workspace, account, begun, {
    status: 'failed',
    failure_balance_transaction: newId('txn'),
    failure_code: failureCode,
    failure_message: `The bank returned the payout (${failureCode}).`,
  });
  const bankAccount = { ...bankAccountOf(account), status: 'errored' as const };
  const changed = changeAccount(workspace, account, { bankAccount });
  workspace.of(account.id).emit('account.external_account.updated', renderBankAccount(changed, bankAccount), {
    status: account.bankAccount?.status,
  });
  return failed;
}

/** The affiliate gives another bank account: `account.external_account.created` and, of the one before, `deleted`. */
export function replaceBankAccount(workspace: Workspace, account: AccountRecord, fingerprint?: string): AccountRecord {
  const bankAccount = newBankAccount('4321', fingerprint);
  const changed = changeAccount(workspace, account, { bankAccount });
  const own = workspace.of(account.id);
  own.emit('account.external_account.created', renderBankAccount(changed, bankAccount));
  if (account.bankAccount) {
    own.emit('account.external_account.deleted', renderBankAccount(account, account.bankAccount));
  }
  return changed;
}

function beginPayout(workspace: Workspace, account: AccountRecord, { amount, currency }: BankPayout): Payout {
  const own = workspace.of(account.id);
  const payout = own.put('payout', {
    id: newId('po'),
    object: 'payout',
    amount,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: workspace.nowSeconds + 2 * DAY_SECONDS,
    automatic: true,
    balance_transaction: newId('txn'),
    created: workspace.nowSeconds,
    currency,
    description: 'STRIPE PAYOUT',
    destination: bankAccountOf(account).id,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: {},
    method: 'standard',
    original_payout: null,
    payout_method: null,
    reconciliation_status: 'in_progress',
    reversed_by: null,
    source_type: 'card',
    statement_descriptor: null,
    status: 'in_transit',
    trace_id: { status: 'pending', value: null },
    type: 'bank_account',
  });
  own.emit('payout.created', payout);
  return payout;
}

function finish(workspace: Workspace, account: AccountRecord, before: Payout, changes: Partial<Payout>): Payout {
  const own = workspace.of(account.id);
  const payout = own.put('payout', { ...before, ...changes });
  own.emit(`payout.${payout.status}`, payout, previousAttributes(before, payout));
  return payout;
}

function bankAccountOf(account: AccountRecord): BankAccountRecord {
  if (!account.bankAccount) throw refused('payouts_not_allowed', 'The account has no bank account yet.');
  return account.bankAccount;
}
