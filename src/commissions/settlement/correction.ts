import type { Account, EntryKind } from '../ledger/accounts.js';

/** Where a commission's money lies. `heldMinor + payableMinor` is its net; payouts are not subtracted from it. */
export interface CommissionPosition {
  heldMinor: bigint;
  payableMinor: bigint;
  /** A payout that stands has taken it: it can be netted by the next one, but no longer held back. */
  isInPayout: boolean;
}

export interface Movement {
  kind: Extract<EntryKind, 'commission_held' | 'commission_reversed' | 'commission_restored'>;
  from: Account;
  to: Account;
  amountMinor: bigint;
}

/**
 * The movements that bring a commission from what it is to what it should be (docs/decisions/0007-facts-and-targets.md). A loss
 * takes what is held first; the rest comes from payable, below zero when it was paid already. What comes back, and
 * what an inquiry keeps, goes to held.
 *
 * @param targetMinor what it should be worth now, from 0 to its amount.
 */
export function correctionOf(
  position: CommissionPosition,
  targetMinor: bigint,
  { inquiryOpen, holdRunning }: { inquiryOpen: boolean; holdRunning: boolean },
): Movement[] {
  const movements: Movement[] = [];
  const move = (kind: Movement['kind'], from: Account, to: Account, amountMinor: bigint): void => {
    if (amountMinor > 0n) movements.push({ kind, from, to, amountMinor });
  };
  let { payableMinor } = position;
  const deltaMinor = targetMinor - position.heldMinor - payableMinor;
  if (deltaMinor < 0n) {
    const fromHeldMinor = -deltaMinor < position.heldMinor ? -deltaMinor : position.heldMinor;
    const fromPayableMinor = -deltaMinor - fromHeldMinor;
    move('commission_reversed', 'held', 'commission_expense', fromHeldMinor);
    move('commission_reversed', 'payable', 'commission_expense', fromPayableMinor);
    payableMinor -= fromPayableMinor;
  } else {
    const to = inquiryOpen || holdRunning ? 'held' : 'payable';
    move('commission_restored', 'commission_expense', to, deltaMinor);
    if (to === 'payable') payableMinor += deltaMinor;
  }
  if (inquiryOpen && !position.isInPayout) move('commission_held', 'payable', 'held', payableMinor);
  return movements;
}
