import { completeSession } from './resources/checkout-completion.js';
import { moveDispute, openDispute } from './resources/dispute-lifecycle.js';
import { failRefund, succeedRefund } from './resources/refund-lifecycle.js';
import { route, type Call, type Route } from './router.js';
import { missingParameter } from './stripe-problem.js';
import type { UnsettledStatus } from './stored-objects.js';
import type { Workspace } from './workspace.js';

/** Stripe's most common one. */
export const REFUND_FAILURE_REASON = 'lost_or_stolen_card';

/** What customers and banks do, over HTTP: complete a checkout, settle refunds, open and decide disputes. */
export const paymentControlRoutes: Route[] = [
  route('POST', '/_emulator/checkout/sessions/:id/complete', ({ workspace, parameters, path }) =>
    completeSession(workspace, workspace.get('checkout.session', path.id ?? ''), {
      paymentMethod: parameters.string('payment_method'),
      email: parameters.string('email') ?? undefined,
    }),
  ),
  route('POST', '/_emulator/refunds/next', announceNextRefund),
  route('POST', '/_emulator/refunds/:id/succeed', ({ workspace, path }) =>
    succeedRefund(workspace, workspace.get('refund', path.id ?? '')),
  ),
  route('POST', '/_emulator/refunds/:id/fail', ({ workspace, parameters, path }) =>
    failRefund(workspace, workspace.get('refund', path.id ?? ''), parameters.string('reason') ?? REFUND_FAILURE_REASON),
  ),
  route('POST', '/_emulator/disputes', dispute),
  route('POST', '/_emulator/disputes/:id/status', ({ workspace, parameters, path }) =>
    moveDispute(workspace, workspace.get('dispute', path.id ?? ''), parameters.requiredString('status')),
  ),
];

/** Lets the next refund begin in another status than `succeeded`. Saying it again replaces what was said. */
export function setNextRefund(workspace: Workspace, status: UnsettledStatus): object {
  return workspace.put('next_refund', { id: 'next', status });
}

function announceNextRefund({ workspace, parameters }: Call): object {
  const status = parameters.choice('status', ['pending', 'requires_action']);
  if (!status) throw missingParameter('status');
  return setNextRefund(workspace, status);
}

/** `{ charge, amount?, reason?, inquiry? }`, the amount in minor units. */
function dispute({ workspace, parameters }: Call): object {
  const charge = workspace.resolve('charge', parameters.requiredString('charge'), 'charge');
  return openDispute(workspace, charge, {
    amount: parameters.positiveInteger('amount'),
    reason: parameters.string('reason') ?? undefined,
    inquiry: parameters.boolean('inquiry'),
  });
}
