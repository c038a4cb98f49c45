import { route, type Call, type Route } from '../router.js';
import { refused } from '../stripe-problem.js';
import type { Workspace } from '../workspace.js';

export const balanceRoutes: Route[] = [route('GET', '/v1/balance', retrieveBalance)];

function retrieveBalance({ workspace }: Call): object {
  const balances = workspace.newestFirst('balance').sort((left, right) => (left.id < right.id ? -1 : 1));
  const pending = pendingByCurrency(workspace);
  return {
    object: 'balance',
    available: balances.map(({ id, available }) => ({
      amount: available,
      currency: id,
      source_types: { card: available },
    })),
    connect_reserved: balances.map(({ id }) => ({ amount: 0, currency: id })),
    livemode: false,
    pending: balances.map(({ id }) => {
      const amount = pending.get(id) ?? 0;
      return { amount, currency: id, source_types: { card: amount } };
    }),
  };
}

/** Sets what is available in a currency, in minor units. */
export function setAvailable(workspace: Workspace, currency: string, available: number): void {
  workspace.put('balance', { id: currency, available });
}

/** Takes an amount from the available balance. Refused with 400 `balance_insufficient` when it is not there. */
export function takeFromBalance(workspace: Workspace, currency: string, amount: number): void {
  const available = workspace.find('balance', currency)?.available ?? 0;
  if (available < amount) {
    throw refused(
      'balance_insufficient',
      'You have insufficient available funds in your Stripe account. Try adding funds directly to your available balance.',
    );
  }
  setAvailable(workspace, currency, available - amount);
}

/** Adds an amount to the available balance; a negative one may bring it below zero, as a dispute does. */
export function changeAvailable(workspace: Workspace, currency: string, amount: number): void {
  setAvailable(workspace, currency, (workspace.find('balance', currency)?.available ?? 0) + amount);
}

function pendingByCurrency(workspace: Workspace): Map<string, number> {
  const pending = new Map<string, number>();
  for (const { currency, net, status } of workspace.newestFirst('balance_transaction'))
    if (status === 'pending') pending.set(currency, (pending.get(currency) ?? 0) + net);
  return pending;
}
