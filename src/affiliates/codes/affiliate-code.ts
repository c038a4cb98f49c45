/** What a host may ask for, in any case; stored in upper case. */
export const CUSTOM_CODE_FORM = /^[A-Za-z0-9-]{3,32}$/;

/** Without characters that are mistaken for one another: 0 and O; 1, I and L. */
export const SUFFIX_ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** Each collision takes the next; the last leaves so many possibilities that another collision is not to be expected. */
export const SUFFIX_LENGTHS = [4, 5, 6, 8, 12, 16] as const;

/** Words that would pass for the service itself, or break what handles codes as text. */
const RESERVED = new Set(
  (
    'ADMIN ADMINISTRATOR API APP ASSETS AUTH BILLING DASHBOARD DOCS FAIRSHARE FALSE HEALTH HELP LOGIN LOGOUT METRICS MODERATOR ' +
    'NAN NULL OFFICIAL OWNER PASSWORD PAYOUTS ROOT SECURITY SIGNIN SIGNUP STATIC STRIPE SUPERUSER SUPPORT SYSTEM TRUE UNDEFINED ' +
    'WEBHOOKS WWW'
  ).split(' '),
);

/** Codes are equal whatever their case. */
export function normaliseCode(code: string): string {
  return code.trim().toUpperCase();
}

/** Whether nobody may have this code (in upper case). Dashes around a word do not make it another. */
export function isReservedCode(code: string): boolean {
  return RESERVED.has(code.replaceAll('-', ''));
}
