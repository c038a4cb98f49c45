import { formatAmount } from '../../common/money.js';
import type { Config } from '../../config/config.js';
import type { EngineRule } from './fraud-rule.js';

/** Enforced when a run reserves (src/payouts/eligibility/eligibility.ts), which asks for the same minimum. */
export const minimumPayout: EngineRule = {
  judges: 'everybody',
  description: 'A balance below the minimum of its currency is not paid out, and is carried over to the next run.',
  enforcedWhen: 'when a payout run reserves, and in its preview',
  whyFixed: 'There is no level to it: nothing is suspicious about a small balance, and nothing of it is lost.',
  setting: { variable: 'MIN_PAYOUT', valueOf: minimumText },
  evidence: { in: 'payout_runs' },
};

function minimumText(config: Config): string {
  const named = config.minPayoutCurrencies.map(
    (currency) => `${formatAmount(config.minPayoutMinor(currency), currency)} ${currency.toUpperCase()}`,
  );
  return `${named.join(', ')}; as much in any other currency as in USD, unit for unit`;
}
