import { DomainError } from '../common/domain-error.js';

export function referralNotFound(): DomainError {
  return new DomainError('not_found', 'referral_not_found', 'There is no such referral.');
}

export function decisionNotFound(): DomainError {
  return new DomainError('not_found', 'attribution_decision_not_found', 'There is no such attribution decision.');
}

export function stripeCustomerTaken(): DomainError {
  return new DomainError(
    'conflict',
    'stripe_customer_taken',
    'This Stripe customer is bound to another referral; unbind it there first.',
  );
}

export function occurredAtInvalid(message: string): DomainError {
  return new DomainError('invalid', 'occurred_at_invalid', message);
}

export function codeNotActive(code: string): DomainError {
  return new DomainError('rule', 'code_not_active', 'The code is unknown, or its affiliate is not active.', { code });
}
