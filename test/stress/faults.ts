import type { RequestFault, StripeEmulator } from '../../src/stripe/emulator/index.js';

/** What befalls requests for a transfer, and how often; each rule has its own luck. */
const OF_TRANSFERS: RequestFault[] = [
  { kind: 'drop_before', probability: 0.02 },
  { kind: 'drop_after_commit', probability: 0.03 },
  { kind: 'error_500', probability: 0.02 },
  { kind: 'error_500_after_commit', probability: 0.02 },
  { kind: 'bad_gateway_502', probability: 0.02 },
  { kind: 'bad_gateway_502', probability: 0.02, body: 'empty_json', afterCommit: true },
  { kind: 'not_a_transfer', probability: 0.02 },
  { kind: 'refused_400', probability: 0.01 },
  { kind: 'balance_insufficient', probability: 0.005 },
  // Each makes everybody wait for a second.
  { kind: 'rate_limited_429', probability: 0.01, count: 1 },
  { kind: 'lock_timeout', probability: 0.01, count: 1 },
  { kind: 'delay_ms', probability: 0.2, delayMs: 150 },
];

/** Looking a transfer up and asking about an account fail too, and more often: each is asked again. */
const OF_QUESTIONS: RequestFault[] = [
  { kind: 'error_500', probability: 0.05 },
  { kind: 'drop_before', probability: 0.05 },
  { kind: 'bad_gateway_502', probability: 0.05 },
  { kind: 'rate_limited_429', probability: 0.005 },
];
const QUESTIONS = ['/v1/transfers', '/v1/accounts/*', '/v2/core/accounts/*', '/v1/balance'];

/** Has the emulator misbehave until its faults are cleared, in the same way for the same seed. */
export function misbehave(emulator: StripeEmulator, random: () => number): void {
  const add = (rule: RequestFault): void =>
    emulator.faults.add({ count: null, ...rule, seed: Math.floor(random() * 2 ** 31) });
  for (const rule of OF_TRANSFERS) add({ ...rule, method: 'POST', path: '/v1/transfers' });
  for (const rule of OF_QUESTIONS) for (const path of QUESTIONS) add({ ...rule, method: 'GET', path });
  // Wrong keys stop a run; in some rounds they are wrong for a moment.
  if (random() < 0.3) {
    emulator.faults.add({
      kind: 'unauthorized_401',
      method: 'POST',
      path: '/v1/transfers',
      probability: 0.01,
      seed: 7,
    });
  }
}
