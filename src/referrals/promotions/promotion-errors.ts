import { DomainError } from '../../common/domain-error.js';

export function promotionCodeUnknown(named: string): DomainError {
  return new DomainError('rule', 'promotion_code_unknown', 'Stripe has no such promotion code that is active.', {
    promotionCode: named,
  });
}

export function promotionCodeAmbiguous(named: string, ids: string[]): DomainError {
  return new DomainError(
    'rule',
    'promotion_code_ambiguous',
    'Several active promotion codes have these letters: give the id of the one that is meant.',
    { promotionCode: named, ids },
  );
}

export function promotionCodeTaken(affiliateId: string, id: string): DomainError {
  return new DomainError('conflict', 'promotion_code_taken', 'This promotion code is an affiliate’s already.', {
    affiliateId,
    id,
  });
}

export function promotionCodeNotFound(): DomainError {
  return new DomainError('not_found', 'promotion_code_not_found', 'The affiliate has no such promotion code.');
}
