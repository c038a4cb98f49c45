import { type AttributionFacts, findingOf, type RuleVerdict } from '../attribution-rule.js';

/**
 * The first sketch's literal rule. Off by default: an honest visitor signs up from the address they clicked from.
 */
export function clickIpMatch({ click, clickIpRule, ipHashes }: AttributionFacts): RuleVerdict {
  const rule = 'click_ip_match';
  const evidence = { mode: clickIpRule };
  if (clickIpRule === 'off') {
    return { rule, finding: 'not_evaluated', evidence, sentence: 'The rule is switched off.' };
  }
  if (ipHashes === null) {
    return { rule, finding: 'not_evaluated', evidence, sentence: "The signup's address was not given." };
  }
  const clickIpHash = click?.ipHash;
  if (!clickIpHash) {
    return { rule, finding: 'not_evaluated', evidence, sentence: 'There is no click with an address to compare with.' };
  }
  if (!ipHashes.includes(clickIpHash)) {
    return { rule, finding: 'pass', evidence, sentence: 'The signup and the click came from different addresses.' };
  }
  return {
    rule,
    finding: findingOf(clickIpRule),
    evidence,
    sentence: 'The signup came from the same address as the click.',
  };
}
