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

export function fraudRuleUnknown(rule: string): DomainError {
  return new DomainError('not_found', 'fraud_rule_not_found', `There is no fraud rule ${rule}.`, { rule });
}

export function ruleSettingInvalid(rule: string, why: string): DomainError {
  return new DomainError('rule', 'rule_setting_invalid', `The rule ${rule} cannot be set so. ${why}`, { rule });
}

export function ruleNotWhitelistable(rule: string): DomainError {
  return new DomainError(
    'rule',
    'rule_not_whitelistable',
    `What ${rule} finds is a question about money each time, so nothing of it can be allowed for good.`,
    { rule },
  );
}
