import { listPage } from '../listing.js';
import type { Parameters } from '../parameters.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter } from '../stripe-problem.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { checkOpen, moveDispute, type Dispute } from './dispute-lifecycle.js';

export const disputeRoutes: Route[] = [
  route('GET', '/v1/disputes', listDisputes),
  route('GET', '/v1/disputes/:id', ({ workspace, path }) => workspace.get('dispute', path.id ?? '')),
  route('POST', '/v1/disputes/:id', updateDispute),
  route('POST', '/v1/disputes/:id/close', closeDispute),
];

/** The texts by which evidence decides a dispute in Stripe's test mode. */
const VERDICTS = new Map([
  ['winning_evidence', { chargeback: 'won', inquiry: 'warning_closed' }],
  ['losing_evidence', { chargeback: 'lost', inquiry: 'warning_closed' }],
  ['escalate_inquiry_evidence', { chargeback: null, inquiry: 'needs_response' }],
]);

/** Notes evidence; with `submit` (the default where evidence is sent) it goes to the bank. */
function updateDispute({ workspace, parameters, path }: Call): Dispute {
  const before = workspace.get('dispute', path.id ?? '');
  const evidence = evidenceOf(parameters.group('evidence'), before);
  const given = parameters.has('evidence');
  if (given) checkOpen(before);
  const submits = given && (parameters.boolean('submit') ?? true);
  const dispute = workspace.put('dispute', {
    ...before,
    evidence,
    evidence_details: {
      ...before.evidence_details,
      has_evidence: before.evidence_details.has_evidence || given,
      submission_count: before.evidence_details.submission_count + (submits ? 1 : 0),
      submission_method: submits ? 'manual' : before.evidence_details.submission_method,
    },
    metadata: parameters.metadata(before.metadata),
    status: submits ? reviewed(before) : before.status,
  });
  workspace.emit('charge.dispute.updated', dispute, previousAttributes(before, dispute));
  return submits ? decide(workspace, dispute) : dispute;
}

/** Gives in. A chargeback is lost thereby; an inquiry, which took no money, is only closed. */
function closeDispute({ workspace, path }: Call): Dispute {
  const before = workspace.get('dispute', path.id ?? '');
  checkOpen(before);
  return moveDispute(workspace, before, isInquiry(before) ? 'warning_closed' : 'lost');
}

function decide(workspace: Workspace, dispute: Dispute): Dispute {
  const verdict = VERDICTS.get(dispute.evidence.uncategorized_text ?? '');
  const status = verdict?.[isInquiry(dispute) ? 'inquiry' : 'chargeback'] ?? null;
  return status === null ? dispute : moveDispute(workspace, dispute, status);
}

function evidenceOf(parameters: Parameters, { evidence }: Dispute): Dispute['evidence'] {
  const names = Object.keys(parameters.values);
  const unknown = names.find((name) => !Object.hasOwn(evidence, name) || name === 'enhanced_evidence');
  if (unknown)
    throw invalidParameter('parameter_unknown', parameters.pathOf(unknown), `Received unknown parameter: ${unknown}`);
  return { ...evidence, ...Object.fromEntries(names.map((name) => [name, parameters.string(name) ?? null])) };
}

function reviewed(dispute: Dispute): string {
  return isInquiry(dispute) ? 'warning_under_review' : 'under_review';
}

function isInquiry({ status }: Dispute): boolean {
  return status.startsWith('warning_');
}

function listDisputes({ workspace, parameters }: Call): object {
  const [charge, intent] = (['charge', 'payment_intent'] as const).map((name) => parameters.string(name));
  const disputes = workspace
    .newestFirst('dispute')
    .filter((dispute) => (!charge || dispute.charge === charge) && (!intent || dispute.payment_intent === intent));
  return listPage(disputes, parameters, '/v1/disputes');
}
