import type { ChangeSumDto, PreviewDto } from '../payouts/preview/preview.dto.js';
import { moneyText } from './money-text.js';
import { textTable, type Cell } from './text-table.js';

/** Rows that a person still reads; beyond them only the largest are shown. */
const SHOWN_ROWS = 20;

/** A preview for a terminal: readable for ten affiliates and for a hundred thousand. */
export function previewReport(preview: PreviewDto): string {
  return [
    `Preview of ${preview.period}, cut-off ${preview.cutOff}. Nothing was written.`,
    payouts(preview),
    skipped(preview),
    funds(preview),
    changes(preview),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function payouts({ payouts, totals }: PreviewDto): string {
  if (payouts.length === 0) return 'Nobody is paid.';
  const rows = largest(payouts).map(({ affiliateId, amount, currency }) => [affiliateId, moneyText(amount, currency)]);
  const sums = totals.map(({ currency, count, amount }) => [currency, count, moneyText(amount, currency)]);
  return [
    heading('Paid', payouts.length),
    textTable(['affiliate', 'amount'], rows),
    textTable(['currency', 'payouts', 'sum'], sums),
  ].join('\n');
}

function skipped({ skipped }: PreviewDto): string {
  if (skipped.length === 0) return '';
  const rows = largest(skipped).map(({ affiliateId, reason, amount, currency }) => [
    affiliateId,
    moneyText(amount, currency),
    reason,
  ]);
  const sums = new Map<string, { reason: string; currency: string; count: number; amountMinor: bigint }>();
  for (const { reason, currency, amount } of skipped) {
    const sum = sums.get(`${reason} ${currency}`) ?? { reason, currency, count: 0, amountMinor: 0n };
    sums.set(`${reason} ${currency}`, {
      ...sum,
      count: sum.count + 1,
      amountMinor: sum.amountMinor + BigInt(amount),
    });
  }
  const sumRows = [...sums.values()].map(({ reason, currency, count, amountMinor }) => [
    reason,
    count,
    moneyText(amountMinor, currency),
  ]);
  return [
    heading('Skipped', skipped.length),
    textTable(['affiliate', 'amount', 'because'], rows),
    textTable(['because', 'affiliates', 'sum'], sumRows),
  ].join('\n');
}

function funds({ funds }: PreviewDto): string {
  if (funds.length === 0) return '';
  const rows = funds.map(({ currency, available, needed, pending, missing }): Cell[] => [
    moneyText(needed, currency),
    moneyText(pending, currency),
    available === null ? 'unknown' : moneyText(available, currency),
    missing === null ? 'unknown' : moneyText(missing, currency),
  ]);
  const asked = funds.every(({ available }) => available !== null);
  return [
    asked ? 'Balance at Stripe' : 'Balance at Stripe: it could not be asked.',
    textTable(['needed', 'pending before', 'available', 'missing'], rows),
  ].join('\n');
}

const IN_WORDS: Record<ChangeSumDto['change'], string> = {
  new: 'paid now and not then',
  gone: 'paid then and not now',
  more: 'paid more',
  less: 'paid less',
  same: 'paid the same',
  other_reason: 'not paid, for another reason',
};

function changes({ changes }: PreviewDto): string {
  if (changes === null) return 'There was no run before this one to compare with.';
  const counted = (...kinds: ChangeSumDto['change'][]): number =>
    changes.sums.filter(({ change }) => kinds.includes(change)).reduce((sum, { count }) => sum + count, 0);
  const rows = changes.sums.map(({ change, count, difference, currency }) => [
    IN_WORDS[change],
    count,
    moneyText(difference, currency),
  ]);
  const shown = largest(changes.affiliates, ({ difference }) => difference).map((changed) => [
    changed.affiliateId,
    changed.statusBefore === null ? '–' : said(changed.statusBefore, changed.reasonBefore),
    changed.statusNow === null ? 'nothing due' : said(changed.statusNow, changed.reasonNow),
    moneyText(changed.difference, changed.currency),
  ]);
  const difference = `${counted('new')} more than in ${changes.period}, ${counted('gone')} fewer`;
  return [
    rows.length > 0 ? `Since the last run: ${difference}.` : `Nothing changed since the run of ${changes.period}.`,
    ...(rows.length > 0 ? [textTable(['payouts', 'count', 'difference'], rows)] : []),
    ...(shown.length > 0
      ? [
          heading('Changed', changes.affiliates.length),
          textTable(['affiliate', changes.period, 'now', 'difference'], shown),
        ]
      : []),
  ].join('\n');
}

function said(status: string, reason: string | null): string {
  return reason === null ? status : `${status}: ${reason}`;
}

function heading(title: string, count: number): string {
  return count > SHOWN_ROWS
    ? `${title}: ${count}, the largest ${SHOWN_ROWS} here (--csv FILE has all)`
    : `${title}: ${count}`;
}

/** The first few by size. Amounts of several currencies are compared as they are written: it is only an order. */
function largest<R extends { amount: number } | { difference: number }>(
  rows: readonly R[],
  size: (row: R) => number = (row) => ('amount' in row ? row.amount : row.difference),
): R[] {
  return [...rows].sort((a, b) => Math.abs(size(b)) - Math.abs(size(a))).slice(0, SHOWN_ROWS);
}
