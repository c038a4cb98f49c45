import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, missingParameter, noSuchObject } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';

type Customer = Wire<Stripe.Customer>;
type CustomerBalanceTransaction = Wire<Stripe.CustomerBalanceTransaction>;

/** The credit (negative) or debt of a customer, and each change of it. */
export const customerBalanceRoutes: Route[] = [
  route('POST', '/v1/customers/:id/balance_transactions', adjust),
  route('GET', '/v1/customers/:id/balance_transactions', listTransactions),
  route('GET', '/v1/customers/:id/balance_transactions/:transaction', retrieveTransaction),
];

export interface BalanceChange {
  /** Minor units; negative gives the customer credit. */
  amount: number;
  currency: string;
  type: CustomerBalanceTransaction['type'];
  invoice?: string;
  creditNote?: string;
  description?: string | null;
  metadata?: { [key: string]: string };
}

/** Changes a customer's balance, notes why, and sends `customer.updated`. */
export function changeCustomerBalance(
  workspace: Workspace,
  customerId: string,
  change: BalanceChange,
): CustomerBalanceTransaction {
  const before = workspace.get('customer', customerId);
  const customer = workspace.put('customer', { ...before, balance: before.balance + change.amount });
  workspace.emit('customer.updated', customer, { balance: before.balance });
  return noteBalanceChange(workspace, customer, change);
}

/** Notes a change of the balance that the given customer already shows. */
export function noteBalanceChange(
  workspace: Workspace,
  customer: Customer,
  change: BalanceChange,
): CustomerBalanceTransaction {
  return workspace.put('customer_balance_transaction', {
    id: newId('cbtxn'),
    object: 'customer_balance_transaction',
    amount: change.amount,
    checkout_session: null,
    created: workspace.nowSeconds,
    credit_note: change.creditNote ?? null,
    currency: change.currency,
    customer: customer.id,
    customer_account: null,
    description: change.description ?? null,
    ending_balance: customer.balance,
    invoice: change.invoice ?? null,
    livemode: false,
    metadata: change.metadata ?? {},
    type: change.type,
  });
}

function adjust({ workspace, parameters, path }: Call): CustomerBalanceTransaction {
  const customer = workspace.get('customer', path.id ?? '');
  const amount = parameters.integer('amount');
  if (amount === undefined) throw missingParameter('amount');
  const currency = parameters.requiredString('currency').toLowerCase();
  if (customer.currency && customer.currency !== currency)
    throw invalidParameter('parameter_invalid_string', 'currency', `The customer pays in ${customer.currency}.`);
  return changeCustomerBalance(workspace, customer.id, {
    amount,
    currency,
    type: 'adjustment',
    description: parameters.string('description') ?? null,
    metadata: parameters.metadata(),
  });
}

function listTransactions({ workspace, parameters, path }: Call): object {
  const customer = workspace.get('customer', path.id ?? '');
  const transactions = workspace
    .newestFirst('customer_balance_transaction')
    .filter((transaction) => transaction.customer === customer.id);
  return listPage(transactions, parameters, `/v1/customers/${customer.id}/balance_transactions`);
}

function retrieveTransaction({ workspace, path }: Call): CustomerBalanceTransaction {
  const id = path.transaction ?? '';
  const transaction = workspace.get('customer_balance_transaction', id);
  if (idOf(transaction.customer) !== path.id) throw noSuchObject('customer_balance_transaction', id);
  return transaction;
}
