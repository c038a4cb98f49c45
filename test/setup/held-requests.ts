import type { RequestFault, StripeEmulator } from '../../src/stripe/emulator/index.js';
import { eventually } from './eventually.js';

export interface HeldRequest {
  /** Resolves once the request has arrived at the emulator, where it waits. */
  arrived(): Promise<void>;
  letGo(): void;
}

/**
 * Holds the next such request at the emulator for as long as a test needs: before it is carried out, or with `afterCommit`
 * only its answer.
 */
export function holdRequest(
  stripe: Pick<StripeEmulator, 'faults'>,
  which: Required<Pick<RequestFault, 'method' | 'path'>> & Pick<RequestFault, 'afterCommit'>,
): HeldRequest {
  let letGo = (): void => undefined;
  const until = new Promise<void>((resolve) => (letGo = resolve));
  const rule: RequestFault = { kind: 'delay_ms', ...which, until };
  stripe.faults.add(rule);
  return {
    arrived: () =>
      eventually(async () => {
        const waiting = await Promise.resolve(stripe.faults.pending().requests);
        expect(waiting.filter((each) => each.until === until)).toEqual([]);
      }),
    letGo,
  };
}
