/** What an erasure takes and leaves, in words for the person who asked for it. docs/operations.md says the same. */

const ERASES_OF_AFFILIATE = [
  'user id, name and e-mail of the affiliate',
  'its referral codes: the links stop, and nobody else can get the codes',
  'addresses (keyed hashes) that its browser used, and the notes that it put on its links',
  'notices, what Stripe asked of the person, and what was chosen about e-mails',
  'fingerprints of the bank accounts and cards that it was paid out to',
];

const ERASES_OF_REFERRED_USER = [
  'user id of the referred user, and the masked e-mail of the signup',
  'page, referrer, browser, sub id and address (keyed hash) of the click',
  'the keyed hash of the e-mail, and the fingerprints of cards and bank accounts that were paid with',
];

const ERASES_ALWAYS = [
  'names, e-mails, addresses and metadata in stored events of Stripe, also in those that arrive later',
  'stored answers to earlier requests, and texts and evidence of decisions and review cases that name the person',
];

const KEEPS_OF_AFFILIATE = [
  'balances, commissions, payouts and the ids of the accounts at Stripe: money that is owed stays owed',
  'country, status (suspended) and terms',
];

const KEEPS_OF_REFERRED_USER = ['the referral, its invoices and what they earned'];

export function scopeOf({ affiliateId, referralId }: { affiliateId: string | null; referralId: string | null }): {
  erases: string[];
  keeps: string[];
} {
  return {
    erases: [
      ...(affiliateId === null ? [] : ERASES_OF_AFFILIATE),
      ...(referralId === null ? [] : ERASES_OF_REFERRED_USER),
      ...ERASES_ALWAYS,
    ],
    keeps: [
      ...(affiliateId === null ? [] : KEEPS_OF_AFFILIATE),
      ...(referralId === null ? [] : KEEPS_OF_REFERRED_USER),
      'the ledger, unchanged: it names ids, never persons',
    ],
  };
}
