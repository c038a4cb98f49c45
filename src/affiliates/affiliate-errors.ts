import { DomainError } from '../common/domain-error.js';

export function affiliateNotFound(): DomainError {
  return new DomainError('not_found', 'affiliate_not_found', 'There is no such affiliate.');
}

export function affiliateExists(affiliateId: string): DomainError {
  return new DomainError('conflict', 'affiliate_exists', 'This user is an affiliate already.', { affiliateId });
}

export function codeTaken(code: string): DomainError {
  return new DomainError(
    'conflict',
    'code_taken',
    'This code belongs to another affiliate, now or as an earlier code.',
    { code },
  );
}

export function codeReserved(code: string): DomainError {
  return new DomainError('rule', 'code_reserved', 'This code is a reserved word; choose another.', { code });
}

export function affiliateErased(): DomainError {
  return new DomainError(
    'rule',
    'affiliate_erased',
    'The personal data of this affiliate were erased: only status, planId and commissionRateBps can be changed.',
  );
}

export function statusTransitionInvalid(from: string, to: string, affiliateId: string): DomainError {
  return new DomainError('rule', 'status_transition_invalid', `An affiliate that is ${from} cannot become ${to}.`, {
    from,
    to,
    affiliateId,
  });
}

export function planNotFound(planId: string): DomainError {
  return new DomainError('not_found', 'plan_not_found', 'There is no such plan.', { planId });
}

/** The plan is named in a body, so it is the body's fault and not the address's. */
export function planUnknown(planId: string): DomainError {
  return new DomainError('rule', 'plan_not_found', 'planId names no plan; GET /v1/plans lists them.', { planId });
}

export function planExists(planId: string): DomainError {
  return new DomainError('conflict', 'plan_exists', 'A plan of this name exists already; add a version to it.', {
    planId,
  });
}

export function urlNotAllowed(field: string): DomainError {
  return new DomainError(
    'rule',
    'url_not_allowed',
    `${field} must be an http(s) URL on a host of ALLOWED_REDIRECT_HOSTS.`,
    { field },
  );
}

export function stripeUnavailable(): DomainError {
  return new DomainError('unavailable', 'stripe_unavailable', 'Stripe cannot be asked right now; try again.');
}
