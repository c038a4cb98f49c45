import { Prisma } from '@prisma/client';
import { firstIdAt } from '../../common/ids.js';
import { ASKING_MODES, daysBefore, detectionRule, doublings } from './fraud-rule.js';
import { LOSS_DAYS, lossesOfCommissions } from './lost-sales.js';

interface Evidence {
  lostInvoices: number;
  invoices: number;
}

type ThresholdName = 'maxRateBps' | 'minInvoices';

/** Customers who all want their money back were sold something else, or never wanted to stay. */
export const lossRate = detectionRule<Evidence, ThresholdName>({
  description: "A large share of the invoices of the affiliate's customers was refunded or disputed.",
  question: "Many of this affiliate's customers take their money back: what were they promised?",
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {
    maxRateBps: {
      default: 2000,
      min: 1,
      max: 10_000,
      meaning: 'Share of refunded or disputed invoices above which it asks.',
    },
    minInvoices: {
      default: 10,
      min: 1,
      max: 1_000_000,
      meaning: `Invoices within ${LOSS_DAYS} days from which the share counts.`,
    },
  },
  news: ['loss'],
  hits: (scope, { maxRateBps, minInvoices }) => Prisma.sql`
    SELECT lost.affiliate_id, 'losses' AS key,
           ${doublings(Prisma.sql`(lost.invoices * 10000.0 / (sold.invoices * ${maxRateBps}::int))`)}
             + ${doublings(Prisma.sql`lost.invoices`)} / 2 AS level,
           NULL::text AS subject, NULL::text AS referral_id,
           jsonb_build_object('lostInvoices', lost.invoices, 'invoices', sold.invoices) AS evidence
    FROM (
      SELECT affiliate_id, count(DISTINCT invoice_id)::bigint AS invoices FROM (${lossesOfCommissions(scope)}) l GROUP BY affiliate_id
    ) lost
    CROSS JOIN LATERAL (
      SELECT count(*)::bigint AS invoices FROM commissions c
      WHERE c.affiliate_id = lost.affiliate_id AND c.id >= ${firstIdAt('commission', daysBefore(scope.now, LOSS_DAYS))}
    ) sold
    WHERE sold.invoices >= ${minInvoices}::bigint AND lost.invoices * 10000 > sold.invoices * ${maxRateBps}::bigint`,
  summary: ({ lostInvoices, invoices }) =>
    `${lostInvoices} of ${invoices} invoices of the affiliate's customers were refunded or disputed within ${LOSS_DAYS} days.`,
});
