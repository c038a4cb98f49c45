import { Prisma } from '@prisma/client';
import { endOfRange, idsMadeIn } from '../http/list-query.js';

const HOUR_MS = 60 * 60 * 1000;
/** A clock may be put back while ids go on, and what is made next carries an id ahead of its time. */
const CLOCK_SLACK_MS = 2 * HOUR_MS;

/** What comes of an invoice long after it was paid (events that were missed, a referral reported late), or before. */
const IS_UNTIMELY = Prisma.sql`(c.created_at - c.invoice_paid_at NOT BETWEEN interval '0' AND interval '1 hour')`;

/**
 * Conditions on commissions `c` whose invoice was paid in a range of time, newest first: each one's commissions are newer
 * than the next one's. A commission is nearly always made within an hour after its invoice was paid, and its id tells when it
 * was made: so those lie in a range of ids, with two hours to spare for clocks. The others are few, and have an index of their
 * own: they may lie on either side of it.
 */
export function paidWithin({ from, to }: { from?: string; to?: string }): Prisma.Sql[] {
  if (from === undefined && to === undefined) return [Prisma.sql`TRUE`];
  const start = from === undefined ? undefined : new Date(from);
  const end = to === undefined ? undefined : endOfRange(to);
  const paid = Prisma.join(
    [
      ...(start ? [Prisma.sql`c.invoice_paid_at >= ${start}`] : []),
      ...(end ? [Prisma.sql`c.invoice_paid_at < ${end}`] : []),
    ],
    ' AND ',
  );
  const { gte, lt } = idsMadeIn('commission', {
    ...(start && { from: new Date(start.getTime() - CLOCK_SLACK_MS).toISOString() }),
    ...(end && { to: new Date(end.getTime() + HOUR_MS + CLOCK_SLACK_MS).toISOString() }),
  });
  return [
    ...(lt === undefined ? [] : [Prisma.sql`${paid} AND c.id >= ${lt} AND ${IS_UNTIMELY}`]),
    Prisma.join(
      [
        paid,
        ...(gte === undefined ? [] : [Prisma.sql`c.id >= ${gte}`]),
        ...(lt === undefined ? [] : [Prisma.sql`c.id < ${lt}`]),
      ],
      ' AND ',
    ),
    ...(gte === undefined ? [] : [Prisma.sql`${paid} AND c.id < ${gte} AND ${IS_UNTIMELY}`]),
  ];
}
