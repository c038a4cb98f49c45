import type { MailLocale } from '../../src/config/environment.js';
import type { MailContent } from '../../src/mail/content/mail-content.js';
import type { ActionNeeded, MailFacts, StatementOfCurrency } from '../../src/mail/content/mail-facts.js';
import { compose } from '../../src/mail/content/compose.js';

const NEXT = new Date('2027-01-01T06:00:00Z');

const DOLLARS: StatementOfCurrency = {
  currency: 'usd',
  earnedMinor: 128_450n,
  reversedMinor: 1_980n,
  adjustedMinor: 500n,
  paid: { amountMinor: 98_210n, at: new Date('2026-12-01T06:12:00Z') },
  heldMinor: 24_760n,
  payableMinor: 0n,
  inPayoutMinor: 0n,
  skipped: null,
};

const ACTIONS: Record<string, ActionNeeded> = {
  'set-up-payouts': {
    kind: 'set_up_payouts',
    waiting: [
      { amountMinor: 12_500n, currency: 'usd' },
      { amountMinor: 4_310n, currency: 'eur' },
    ],
    runAt: new Date('2026-12-01T06:00:00Z'),
    nextPayoutAt: NEXT,
  },
  'bank-payout-failed': {
    kind: 'bank_payout_failed',
    amountMinor: 98_210n,
    currency: 'usd',
    failureCode: 'account_closed',
  },
  'account-restricted': { kind: 'account_restricted' },
  'account-gone': { kind: 'account_gone' },
  'requirements-due': { kind: 'requirements_due', dueAt: new Date('2026-12-15T00:00:00Z') },
};

const FACTS: Omit<MailFacts, 'action_needed'> = {
  welcome: {
    name: 'Anna <Smith> & Söhne',
    referralUrl: 'https://partners.example.com/r/ANNA-X7K2',
    rateBps: 2000,
    durationMonths: null,
  },
  first_conversion: {
    convertedAt: new Date('2026-12-03T09:30:00Z'),
    commission: { amountMinor: 1_663n, currency: 'usd', heldUntil: new Date('2027-01-02T09:30:00Z') },
    canBePaid: false,
  },
  monthly_statement: {
    month: '2026-11',
    currencies: [
      DOLLARS,
      {
        currency: 'jpy',
        earnedMinor: 1_200n,
        reversedMinor: 0n,
        adjustedMinor: 0n,
        paid: null,
        heldMinor: 0n,
        payableMinor: 1_200n,
        inPayoutMinor: 0n,
        skipped: { reason: 'below_minimum', amountMinor: 1_200n, minimumMinor: 2_500n },
      },
    ],
    nextPayoutAt: NEXT,
  },
  payout_paid: {
    amountMinor: 98_210n,
    currency: 'usd',
    period: '2026-12',
    paidAt: new Date('2026-12-01T06:12:00Z'),
    reference: 'po_01kb6xj3v5e0r8m2n4p6q8s0t2',
  },
};

/** Every e-mail that there is, as people get it, by a name for files. */
export function sampleMails(locale: MailLocale): [name: string, content: MailContent][] {
  const options = {
    locale,
    timeZone: 'UTC',
    brand: 'Acme Analytics',
    site: 'app.example.com',
    portalUrl: 'https://app.example.com/partners',
    unsubscribeUrl: 'https://partners.example.com/unsubscribe?token=aff_1.payout_paid.mac',
  };
  return [
    ['welcome', compose('welcome', FACTS.welcome, options)],
    ['first-conversion', compose('first_conversion', FACTS.first_conversion, options)],
    ['monthly-statement', compose('monthly_statement', FACTS.monthly_statement, options)],
    ['payout-paid', compose('payout_paid', FACTS.payout_paid, options)],
    ...Object.entries(ACTIONS).map(([name, facts]): [string, MailContent] => [
      `action-${name}`,
      compose('action_needed', facts, options),
    ]),
  ];
}
