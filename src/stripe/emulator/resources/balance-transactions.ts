import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import type { Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { changeAvailable } from './balance.js';

export type BalanceTransaction = Wire<Stripe.BalanceTransaction>;

/** What charges, refunds and disputes did to the platform's balance. Transfers keep theirs to themselves. */
export const balanceTransactionRoutes: Route[] = [
  route('GET', '/v1/balance_transactions', listBalanceTransactions),
  route('GET', '/v1/balance_transactions/:id', ({ workspace, path }) =>
    workspace.get('balance_transaction', path.id ?? ''),
  ),
];

export interface Movement {
  type: BalanceTransaction['type'];
  category: string;
  /** Minor units; negative takes money away. */
  amount: number;
  /** What Stripe keeps of it; negative gives a fee back. */
  fee?: number;
  currency: string;
  source: string;
  description?: string;
  /** The money is on its way: it does not count as available. */
  pending?: boolean;
  at?: number;
}

/** Notes a movement of the platform's balance and carries it out; the balance may fall below zero. */
export function recordMovement(workspace: Workspace, movement: Movement): BalanceTransaction {
  const { amount, currency, fee = 0, pending = false, at = workspace.nowSeconds } = movement;
  if (!pending) changeAvailable(workspace, currency, amount - fee);
  return workspace.put('balance_transaction', {
    id: newId('txn'),
    object: 'balance_transaction',
    amount,
    available_on: at,
    balance_type: 'payments',
    created: at,
    currency,
    description: movement.description ?? null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0 ? [] : [{ amount: fee, application: null, currency, description: 'Dispute fee', type: 'stripe_fee' }],
    net: amount - fee,
    reporting_category: movement.category,
    source: movement.source,
    status: pending ? 'pending' : 'available',
    type: movement.type,
  });
}

function listBalanceTransactions({ workspace, parameters }: Call): object {
  const [type, source, currency] = (['type', 'source', 'currency'] as const).map((name) => parameters.string(name));
  const transactions = workspace
    .newestFirst('balance_transaction')
    .filter((transaction) => (!type || transaction.type === type) && (!source || transaction.source === source))
    .filter((transaction) => !currency || transaction.currency === currency);
  return listPage(transactions, parameters, '/v1/balance_transactions');
}
