/** The words are a contract. */
export const NOTICE_KINDS = ['bank_payout_failed', 'account_restricted', 'account_gone'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];
