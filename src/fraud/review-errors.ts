import { DomainError } from '../common/domain-error.js';

export function reviewCaseNotFound(id: string): DomainError {
  return new DomainError('not_found', 'review_case_not_found', `There is no review case ${id}.`, { id });
}

export function reviewCaseClosed(id: string): DomainError {
  return new DomainError(
    'conflict',
    'review_case_closed',
    'This review case was decided already; decisions are final.',
    {
      id,
    },
  );
}

export function decisionIncomplete(): DomainError {
  return new DomainError('rule', 'decision_incomplete', 'A decision names the staff user who made it, and why.');
}
