import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { missingParameter, refused } from '../stripe-problem.js';
import { idOf } from '../wire.js';
import type { Charge } from './charges.js';
import { cancelRefund, changeRefund, createRefund, type Refund } from './refund-lifecycle.js';

const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

export const refundRoutes: Route[] = [
  route('POST', '/v1/refunds', refund),
  route('GET', '/v1/refunds', listRefunds),
  route('GET', '/v1/refunds/:id', ({ workspace, path }) => workspace.get('refund', path.id ?? '')),
  route('POST', '/v1/refunds/:id', updateRefund),
  route('POST', '/v1/refunds/:id/cancel', ({ workspace, path }) =>
    cancelRefund(workspace, workspace.get('refund', path.id ?? '')),
  ),
];

function refund(call: Call): Refund {
  const { workspace, parameters } = call;
  const fresh = {
    amount: parameters.positiveInteger('amount'),
    reason: parameters.choice('reason', REASONS) ?? null,
    metadata: parameters.metadata(),
  };
  return createRefund(workspace, chargeOf(call), fresh);
}

function chargeOf({ workspace, parameters }: Call): Charge {
  const id = parameters.string('charge');
  if (id) return workspace.resolve('charge', id, 'charge');
  const intentId = parameters.string('payment_intent');
  if (!intentId) throw missingParameter('charge');
  const intent = workspace.resolve('payment_intent', intentId, 'payment_intent');
  if (intent.status !== 'succeeded')
    throw refused(undefined, `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`);
  return workspace.get('charge', idOf(intent.latest_charge) ?? '');
}

function updateRefund({ workspace, parameters, path }: Call): Refund {
  const before = workspace.get('refund', path.id ?? '');
  return changeRefund(workspace, before, { metadata: parameters.metadata(before.metadata ?? {}) });
}

function listRefunds({ workspace, parameters }: Call): object {
  const [charge, intent] = (['charge', 'payment_intent'] as const).map((name) => parameters.string(name));
  const refunds = workspace
    .newestFirst('refund')
    .filter((found) => (!charge || found.charge === charge) && (!intent || found.payment_intent === intent));
  return listPage(refunds, parameters, '/v1/refunds');
}
