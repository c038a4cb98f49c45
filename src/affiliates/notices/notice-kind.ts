/** The words are a contract. */
export const NOTICE_KINDS = ['bank_payout_failed', 'account_restricted', 'account_gone', 'requirements_due'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];
