/**
 * The accounts of an affiliate's ledger. A posting adds its signed amount to one of them; the two postings of an entry
 * sum to zero. `commission_expense` is ours, the mirror of everything the affiliate ever earned.
 */
export type Account = 'commission_expense' | 'held' | 'payable' | 'in_payout' | 'paid_out';

/** What each kind of entry moves, from one account to another. */
export const ENTRY_KINDS = {
  commission_earned: 'expense → held or payable',
  commission_released: 'held → payable',
  commission_held: 'payable → held',
  commission_reversed: 'held or payable → expense',
  commission_restored: 'expense → held or payable',
  payout_reserved: 'payable → in payout',
  payout_paid: 'in payout → paid out',
  payout_returned: 'in payout → payable',
  payout_reversed: 'paid out → payable',
  adjustment: 'expense ↔ payable',
} as const;

export type EntryKind = keyof typeof ENTRY_KINDS;
