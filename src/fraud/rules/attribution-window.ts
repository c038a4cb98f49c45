import type { Config } from '../../config/config.js';
import type { EngineRule } from './fraud-rule.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Enforced by attribution (src/referrals/attribution/rules/click-expired.ts), which reads the same value. */
export const attributionWindow: EngineRule = {
  judges: 'everybody',
  description: 'A click credits a signup within the window, measured on the server from the click’s own time.',
  enforcedWhen: 'when a signup is attributed',
  whyFixed: 'It always refuses: without an end to it, any click would be worth a customer for ever.',
  setting: { variable: 'COOKIE_WINDOW_DAYS', valueOf: windowText },
  evidence: { in: 'attribution_decisions', reason: 'click_expired' },
};

function windowText({ attributionWindowMs }: Config): string {
  const days = attributionWindowMs / DAY_MS;
  return days === 1 ? '1 day' : `${days} days`;
}
