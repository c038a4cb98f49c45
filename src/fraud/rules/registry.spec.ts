import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../config/config.js';
import { detectionRules, ENGINE_RULE_NAMES, engineRule, FRAUD_RULE_NAMES, fraudRule } from './registry.js';

const config = readConfig({ NODE_ENV: 'test' });
const operations = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'operations.md'), 'utf8');

describe('the registry of fraud rules', () => {
  it.each(FRAUD_RULE_NAMES)(
    '%s says what it is, is set within its own bounds, and stands in the operator’s table',
    (name) => {
      const { description, question, modes, defaultMode, thresholds } = fraudRule(name);
      const mode = typeof defaultMode === 'function' ? defaultMode(config) : defaultMode;
      expect(description).toMatch(/^[A-Z].*\.$/);
      expect(question).toMatch(/^[A-Z].*\?$/);
      expect(modes).toContain(mode);
      for (const [threshold, { default: byDefault, min, max, meaning }] of Object.entries(thresholds)) {
        expect([threshold, Number.isInteger(byDefault) && min <= byDefault && byDefault <= max]).toEqual([
          threshold,
          true,
        ]);
        expect(meaning).toMatch(/^[A-Z0-9].*\.$/);
        expect(operations).toContain(`\`${threshold}\` ${byDefault}`);
      }
      expect(operations).toContain(`| \`${name}\` | \`${mode}\` |`);
    },
  );

  it.each(ENGINE_RULE_NAMES)(
    '%s, which the engine enforces, says what it is, why it has no level, and stands in the operator’s table',
    (name) => {
      const { description, whyFixed, setting } = engineRule(name);
      expect(description).toMatch(/^[A-Z].*\.$/);
      expect(whyFixed).toMatch(/^(It always|There is no level to it: ).*\.$/);
      expect(operations).toContain(`| \`${name}\` | ${setting === null ? '' : `\`${setting.variable}\` `}|`);
    },
  );

  it('holds money by default for the conversion rate alone, and refuses only where signups are judged', () => {
    const byDefault = (mode: string): string[] =>
      FRAUD_RULE_NAMES.filter((name) => {
        const { defaultMode } = fraudRule(name);
        return (typeof defaultMode === 'function' ? defaultMode(config) : defaultMode) === mode;
      });
    expect(byDefault('hold')).toEqual(['conversion_rate']);
    expect(byDefault('refuse')).toEqual(['affiliate_ip_match', 'blocked_email_domain']);
    for (const [, { modes }] of detectionRules()) expect(modes).toEqual(['off', 'flag', 'hold']);
  });

  it('asks its rules over affiliates in the order in which locks are taken', () => {
    const names = detectionRules().map(([name]) => name);
    expect(names).toEqual([...names].sort());
    expect(detectionRules('loss').map(([name]) => name)).toEqual(['dispute_monitoring', 'loss_rate']);
  });
});
