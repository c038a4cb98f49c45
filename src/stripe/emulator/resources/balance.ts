import { route, type Call, type Route } from '../router.js';
import { refused } from '../stripe-problem.js';
import type { Workspace } from '../workspace.js';

export const balanceRoutes: Route[] = [route('GET', '/v1/balance', retrieveBalance)];

function retrieveBalance({ workspace }: Call): object {
  const available = new Map(workspace.newestFirst('balance').map((balance) => [balance.id, balance.available]));
  const pending = pendingByCurrency(workspace);
  const currencies = [...new Set([...available.keys(), ...pending.keys()])].sort();
  const inEach = (amounts: Map<string, number>): object[] =>
    currencies.map((currency) => {
      const amount = amounts.get(currency) ?? 0;
      return { amount, currency, source_types: { card: amount } };
    });
  return {
    object: 'balance',
    available: inEach(available),
    connect_reserved: currencies.map((currency) => ({ amount: 0, currency })),
    livemode: false,
    pending: inEach(pending),
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
