import type { AttributionFacts, RuleVerdict } from '../attribution-rule.js';

/** A click that was never stored (the database was away) is no reason to refuse while the code says whose it was. */
export function clickUnknown({ clickId, click, removedClickAt, code, promotion }: AttributionFacts): RuleVerdict {
  const rule = 'click_unknown';
  if (promotion) {
    return {
      rule,
      finding: 'not_evaluated',
      evidence: {},
      sentence: 'The promotion code decides, whatever was clicked.',
    };
  }
  if (clickId === null) {
    return { rule, finding: 'not_evaluated', evidence: {}, sentence: 'No click id was given, so the code decides.' };
  }
  if (click) {
    const evidence = { clickId, clickedAt: click.occurredAt.toISOString(), clickCode: click.code };
    return {
      rule,
      finding: 'pass',
      evidence,
      sentence: `The click ${clickId} is stored; it decides, whatever the code says.`,
    };
  }
  if (removedClickAt) {
    const evidence = { clickId, clickedAt: removedClickAt.toISOString() };
    return {
      rule,
      finding: 'pass',
      evidence,
      sentence: `The click ${clickId} was stored and has been removed by its age; its id says when it was.`,
    };
  }
  if (code !== null) {
    return {
      rule,
      finding: 'pass',
      evidence: { clickId },
      sentence: `The click ${clickId} is not stored, so the code decides.`,
    };
  }
  return {
    rule,
    finding: 'refuse',
    evidence: { clickId },
    sentence: `The click ${clickId} is not stored, and no code was given instead.`,
  };
}
