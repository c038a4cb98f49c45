import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, missingParameter, noSuchObject, noSuchReference, refused } from '../stripe-problem.js';
import { wholeList, type Wire } from '../wire.js';
import { previousAttributes } from '../workspace.js';
import { transfersActive } from './account-record.js';
import { changeAvailable, takeFromBalance } from './balance.js';
import { isKnownCurrency } from './currencies.js';

type Transfer = Wire<Stripe.Transfer>;
type Reversal = Wire<Stripe.TransferReversal>;

/** A transfer shows its newest reversals; the others are in their list. */
const SHOWN_REVERSALS = 10;

export const transferRoutes: Route[] = [
  route('POST', '/v1/transfers', createTransfer),
  route('GET', '/v1/transfers', listTransfers),
  route('GET', '/v1/transfers/:id', ({ workspace, path }) => workspace.get('transfer', path.id ?? '')),
  route('POST', '/v1/transfers/:id', updateTransfer),
  route('POST', '/v1/transfers/:id/reversals', createReversal),
  route('GET', '/v1/transfers/:id/reversals', listReversals),
  route('GET', '/v1/transfers/:id/reversals/:reversal', retrieveReversal),
];

/** Moves money from the platform's available balance to a connected account, or refuses as Stripe does. */
function createTransfer({ workspace, parameters }: Call): Transfer {
  const currency = parameters.requiredString('currency').toLowerCase();
  const destination = parameters.requiredString('destination');
  const amount = parameters.positiveInteger('amount');
  if (amount === undefined) throw missingParameter('amount');
  if (!isKnownCurrency(currency))
    throw invalidParameter('parameter_invalid_string', 'currency', `Invalid currency: ${currency}.`);
  const metadata = parameters.metadata();
  const account = workspace.find('account', destination);
  if (!account || account.deauthorized) throw noSuchReference('destination', destination, 'destination');
  if (!transfersActive(account)) {
    throw refused(
      'insufficient_capabilities_for_transfer',
      'Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments',
    );
  }
  takeFromBalance(workspace, currency, amount);
  const id = newId('tr');
  const transfer = workspace.put('transfer', {
    id,
    object: 'transfer',
    amount,
    amount_reversed: 0,
    balance_transaction: newId('txn'),
    created: workspace.nowSeconds,
    currency,
    description: parameters.string('description') ?? null,
    destination,
    destination_payment: newId('py'),
    livemode: false,
    metadata,
    reversals: wholeList([], `/v1/transfers/${id}/reversals`),
    reversed: false,
    source_transaction: null,
    source_type: 'card',
    transfer_group: parameters.string('transfer_group') ?? null,
  });
  workspace.emit('transfer.created', transfer);
  return transfer;
}

function updateTransfer({ workspace, parameters, path }: Call): Transfer {
  const before = workspace.get('transfer', path.id ?? '');
  const description = parameters.string('description');
  const transfer = workspace.put('transfer', {
    ...before,
    description: description === undefined ? before.description : description,
    metadata: parameters.metadata(before.metadata),
  });
  workspace.emit('transfer.updated', transfer, previousAttributes(before, transfer));
  return transfer;
}

function listTransfers({ workspace, parameters }: Call): object {
  const group = parameters.string('transfer_group');
  const destination = parameters.string('destination');
  const transfers = group ? workspace.transfersOf(group) : workspace.newestFirst('transfer');
  const wanted = destination ? transfers.filter((transfer) => transfer.destination === destination) : transfers;
  return listPage(wanted, parameters, '/v1/transfers');
}

/** Takes back what was not yet taken back of a transfer, or a part of it. */
function createReversal({ workspace, parameters, path }: Call): Reversal {
  const before = workspace.get('transfer', path.id ?? '');
  const left = before.amount - before.amount_reversed;
  const amount = parameters.positiveInteger('amount') ?? left;
  if (left === 0) throw refused(undefined, `Transfer ${before.id} is already fully reversed.`);
  if (amount > left)
    throw refused(
      undefined,
      `Reversal amount (${amount}) is greater than unreversed amount on transfer (${left}).`,
      'amount',
    );
  const reversal = workspace.put('transfer_reversal', {
    id: newId('trr'),
    object: 'transfer_reversal',
    amount,
    balance_transaction: newId('txn'),
    created: workspace.nowSeconds,
    currency: before.currency,
    destination_payment_refund: newId('pyr'),
    metadata: parameters.metadata(),
    source_refund: null,
    transfer: before.id,
  });
  changeAvailable(workspace, before.currency, amount);
  const transfer = workspace.put('transfer', {
    ...before,
    amount_reversed: before.amount_reversed + amount,
    reversed: amount === left,
    reversals: {
      ...before.reversals,
      data: [reversal, ...before.reversals.data].slice(0, SHOWN_REVERSALS),
      has_more: before.reversals.has_more || before.reversals.data.length === SHOWN_REVERSALS,
    },
  });
  workspace.emit('transfer.reversed', transfer);
  return reversal;
}

function listReversals({ workspace, parameters, path }: Call): object {
  const transfer = workspace.get('transfer', path.id ?? '');
  const reversals = workspace.newestFirst('transfer_reversal').filter((reversal) => reversal.transfer === transfer.id);
  return listPage(reversals, parameters, transfer.reversals.url);
}

function retrieveReversal({ workspace, path }: Call): Reversal {
  const reversal = workspace.find('transfer_reversal', path.reversal ?? '');
  if (reversal?.transfer !== path.id) throw noSuchObject('transfer_reversal', path.reversal ?? '');
  return reversal as Reversal;
}
