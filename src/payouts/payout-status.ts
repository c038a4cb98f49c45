/** The words are a contract (the API's Payout and PayoutRun). */
export const PAYOUT_STATUSES = ['pending', 'paid', 'failed', 'canceled', 'reversed'] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];
export type PayoutRunStatus =
  'reserving' | 'awaiting_approval' | 'sending' | 'waiting_for_funds' | 'completed' | 'canceled';
