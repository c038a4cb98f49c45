import { Prisma } from '@prisma/client';
import { firstIdAt } from '../../common/ids.js';
import { daysBefore, inScope, type Scope } from './fraud-rule.js';

/** How far back refunds and disputes are looked at; a card holder has about as long to dispute. */
export const LOSS_DAYS = 120;

/** Inquiries take nothing yet, and what was won or failed was given back. */
const STANDS = Prisma.sql`
  l.status NOT LIKE 'warning\\_%' AND l.status NOT IN ('won', 'prevented', 'failed', 'canceled', 'void')`;

/**
 * What was lost on the invoices of commissions of that time: a row for each loss and invoice, some twice. Over all
 * affiliates it begins at the losses, which are few; over some it begins at their commissions. The planner cannot turn
 * one into the other, and would read either table as a whole.
 */
export function lossesOfCommissions(scope: Scope): Prisma.Sql {
  const since = Prisma.sql`c.id >= ${firstIdAt('commission', daysBefore(scope.now, LOSS_DAYS))}`;
  if (scope.affiliateIds === null) {
    return Prisma.sql`
      SELECT c.affiliate_id, c.invoice_id, l.id, l.source
      FROM stripe_losses l
      JOIN stripe_invoice_payments ip ON ip.payment_id = l.payment_id
      JOIN commissions c ON c.invoice_id = ip.invoice_id
      WHERE ${STANDS} AND ${since}
      UNION ALL
      SELECT c.affiliate_id, c.invoice_id, l.id, l.source
      FROM stripe_losses l
      JOIN commissions c ON c.invoice_id = l.invoice_id
      WHERE ${STANDS} AND ${since}`;
  }
  return Prisma.sql`
    SELECT c.affiliate_id, c.invoice_id, l.id, l.source
    FROM commissions c
    CROSS JOIN LATERAL (
      SELECT l.id, l.source FROM stripe_invoice_payments ip JOIN stripe_losses l ON l.payment_id = ip.payment_id
      WHERE ip.invoice_id = c.invoice_id AND ${STANDS}
      UNION ALL
      SELECT l.id, l.source FROM stripe_losses l WHERE l.invoice_id = c.invoice_id AND ${STANDS}
    ) l
    WHERE ${inScope(scope, Prisma.sql`c.affiliate_id`)} AND ${since}`;
}
