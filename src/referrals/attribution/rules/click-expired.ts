import type { AttributionFacts, RuleVerdict } from '../attribution-rule.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Measured on the server from the click's own time: the age of a cookie can be changed by whoever holds it. */
export function clickExpired({ click, removedClickAt, occurredAt, windowMs }: AttributionFacts): RuleVerdict {
  const rule = 'click_expired';
  const clickedAt = click?.occurredAt ?? removedClickAt;
  if (!clickedAt) {
    return {
      rule,
      finding: 'not_evaluated',
      evidence: {},
      sentence: 'Without a stored click there is no window to keep.',
    };
  }
  const ageMs = occurredAt.getTime() - clickedAt.getTime();
  const windowDays = windowMs / DAY_MS;
  const evidence = {
    clickedAt: clickedAt.toISOString(),
    occurredAt: occurredAt.toISOString(),
    ageMs,
    windowDays,
  };
  if (ageMs > windowMs) {
    return {
      rule,
      finding: 'refuse',
      evidence,
      sentence: `The signup came ${inDays(ageMs)} days after the click; the window is ${windowDays} days.`,
    };
  }
  return {
    rule,
    finding: 'pass',
    evidence,
    sentence: `The signup came ${inDays(ageMs)} days after the click, within the window of ${windowDays} days.`,
  };
}

/** Two decimals, rounded up, so that a click just past the window does not read as one within it. */
function inDays(ms: number): string {
  return (Math.ceil((ms / DAY_MS) * 100) / 100).toFixed(2);
}
