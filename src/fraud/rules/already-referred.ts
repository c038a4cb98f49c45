import type { EngineRule } from './fraud-rule.js';

/** Enforced by attribution (src/referrals/attribution/rules/already-referred.ts), and by a unique key in the database. */
export const alreadyReferred: EngineRule = {
  judges: 'everybody',
  description: 'A user is credited once and to one affiliate, whoever else reports them later.',
  enforcedWhen: 'when a signup is attributed',
  whyFixed: 'It always refuses: with two referrals of one user every invoice would be paid for twice.',
  setting: null,
  evidence: { in: 'attribution_decisions', reason: 'already_referred' },
};
