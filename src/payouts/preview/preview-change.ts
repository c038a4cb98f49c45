export const CHANGES = ['new', 'gone', 'more', 'less', 'same', 'other_reason'] as const;
/**
 * Of an affiliate and currency since the last run: `new` is paid and was not, `gone` is not and was, `more` and `less`
 * are paid in both, `same` is paid the same in both; `other_reason` is skipped in both, for another reason.
 */
export type Change = (typeof CHANGES)[number];
