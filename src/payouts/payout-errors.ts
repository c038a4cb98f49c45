import { DomainError } from '../common/domain-error.js';

export function payoutNotFound(id: string): DomainError {
  return new DomainError('not_found', 'payout_not_found', `There is no payout ${id}.`, { id });
}

export function runNotFound(period: string): DomainError {
  return new DomainError('not_found', 'payout_run_not_found', `There is no payout run for ${period}.`, { period });
}
