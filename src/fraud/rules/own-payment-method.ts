import { Prisma } from '@prisma/client';
import { ASKING_MODES, detectionRule, inScope } from './fraud-rule.js';

interface Evidence {
  customerId: string;
  accountId: string;
  /** What the customer paid with: `card`, or the kind of bank debit. */
  kind: string;
}

/** Who pays with the card or bank account that the commission goes to pays themself. */
export const ownPaymentMethod = detectionRule<Evidence>({
  description: "A referred customer pays with the bank account or card that the affiliate's payouts go to.",
  question: "A customer pays with the affiliate's own bank account or card: is it the affiliate?",
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {},
  news: ['signup', 'commission', 'account'],
  hits: (scope) => Prisma.sql`
    SELECT r.affiliate_id, r.id || ':' || p.account_id AS key, 0 AS level, r.stripe_customer_id AS subject, r.id AS referral_id,
           jsonb_build_object('customerId', r.stripe_customer_id, 'accountId', p.account_id, 'kind', min(m.kind)) AS evidence
    FROM affiliate_accounts a
    JOIN account_payout_methods p ON p.account_id = a.account_id
    JOIN customer_payment_methods m ON m.fingerprint = p.fingerprint
    JOIN referrals r ON r.stripe_customer_id = m.customer_id AND r.affiliate_id = a.affiliate_id
    WHERE ${inScope(scope, Prisma.sql`a.affiliate_id`)}
    GROUP BY r.affiliate_id, r.id, p.account_id`,
  summary: ({ customerId, accountId, kind }) =>
    `The customer ${customerId} paid by a ${kind.replaceAll('_', ' ')} that the account ${accountId} is paid out to.`,
});
