import type { Config } from '../config/config.js';
import type { RuleSettingsByName } from './rule-settings.service.js';
import type { DetectionRule, FraudNews, RuleEvidence, RuleMode, SignupRule } from './rules/fraud-rule.js';
import {
  ENGINE_RULE_NAMES,
  engineRule,
  FRAUD_RULE_NAMES,
  fraudRule,
  type EngineRuleName,
  type FraudRuleName,
} from './rules/registry.js';

/** A rule as people read of it: what it is, what it is set to now, by whom, and where what it did can be read. */
export interface ListedRule {
  name: FraudRuleName | EngineRuleName;
  /** `always` where there is no level to it. */
  level: RuleMode | 'always';
  /** What else it can be set to; for a rule without levels, why it cannot. */
  levels: string;
  description: string;
  /** Its numbers, as the engine has them now; empty without any. */
  value: string;
  /** Who sets it: staff, or a variable of the environment; null: nobody. */
  setBy: string | null;
  enforcedWhen: string;
  /** What it asks staff; null where it asks nobody. */
  question: string | null;
  /** What each of its numbers means. */
  meanings: Record<string, string>;
  evidence: RuleEvidence[];
}

const NEWS_IN_WORDS: Record<FraudNews, string> = {
  signup: 'when a signup is credited',
  commission: 'when a commission is earned',
  loss: 'when a payment is refunded or disputed',
  account: 'when an affiliate’s account changes',
};

/** Every rule of the registry, with what the engine goes by at this moment. */
export function listRules(config: Config, settings: RuleSettingsByName): ListedRule[] {
  return [
    ...FRAUD_RULE_NAMES.map((name): ListedRule => {
      const rule = fraudRule(name);
      const { mode, thresholds } = settings[name];
      return {
        name,
        level: mode,
        levels: rule.modes.join(', '),
        description: rule.description,
        value: Object.entries(thresholds)
          .map(([threshold, value]) => `${threshold}=${value}`)
          .join(', '),
        setBy: 'staff',
        enforcedWhen: lookingTimes(rule),
        question: rule.question,
        meanings: Object.fromEntries(
          Object.entries(rule.thresholds).map(([threshold, { meaning }]) => [threshold, meaning]),
        ),
        evidence: evidenceOf(name, rule),
      };
    }),
    ...ENGINE_RULE_NAMES.map((name): ListedRule => {
      const { description, enforcedWhen, whyFixed, setting, evidence } = engineRule(name);
      return {
        name,
        level: 'always',
        levels: whyFixed,
        description,
        value: setting?.valueOf(config) ?? '',
        setBy: setting?.variable ?? null,
        enforcedWhen,
        question: null,
        meanings: {},
        evidence: [evidence],
      };
    }),
  ];
}

function lookingTimes(rule: SignupRule | DetectionRule): string {
  if (rule.judges === 'signup') return 'when a signup is attributed';
  const times = [...rule.news.map((news) => NEWS_IN_WORDS[news]), 'each night'];
  return (rule.beforeRun ? [...times, 'before each payout run'] : times).join(', ');
}

/** What a rule about signups refused stands in the decisions, whatever else it found in its cases. */
function evidenceOf(name: FraudRuleName, rule: SignupRule | DetectionRule): RuleEvidence[] {
  const cases: RuleEvidence = { in: 'review_cases', rule: name };
  return rule.judges === 'signup' ? [cases, { in: 'attribution_decisions', reason: rule.refusal }] : [cases];
}
