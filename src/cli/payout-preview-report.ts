import type { PreviewDigest } from '../payouts/preview/preview-digest.js';
import type { ChangeSumDto } from '../payouts/preview/preview.dto.js';
import { moneyText } from './money-text.js';
import { textTable, type Cell } from './text-table.js';

/** Rows of a list that a person still reads; beyond them only the largest are shown. */
export const SHOWN_ROWS = 20;

/** A preview for a terminal: readable for ten affiliates and for a hundred thousand. */
export function previewReport(preview: PreviewDigest): string {
  return [
    `Preview of ${preview.period}, cut-off ${preview.cutOff}. Nothing was written.`,
    paid(preview),
    skipped(preview),
    funds(preview),
    changes(preview),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function paid({ paid: { count, largest }, totals }: PreviewDigest): string {
  if (count === 0) return 'Nobody is paid.';
  const rows = largest.map(({ affiliateId, amountMinor, currency }) => [affiliateId, moneyText(amountMinor, currency)]);
  const sums = totals.map((total) => [total.currency, total.count, moneyText(total.amount, total.currency)]);
  return [
    heading('Paid', count),
    textTable(['affiliate', 'amount'], rows),
    textTable(['currency', 'payouts', 'sum'], sums),
  ].join('\n');
}

function skipped({ skipped: { count, largest, sums } }: PreviewDigest): string {
  if (count === 0) return '';
  const rows = largest.map(({ affiliateId, reason, amountMinor, currency }) => [
    affiliateId,
    moneyText(amountMinor, currency),
    reason ?? '',
  ]);
  const sumRows = sums.map((sum) => [sum.reason, sum.count, moneyText(sum.amountMinor, sum.currency)]);
  return [
    heading('Skipped', count),
    textTable(['affiliate', 'amount', 'because'], rows),
    textTable(['because', 'affiliates', 'sum'], sumRows),
  ].join('\n');
}

function funds({ funds }: PreviewDigest): string {
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

function changes({ changes }: PreviewDigest): string {
  if (changes === null) return 'There was no run before this one to compare with.';
  const counted = (...kinds: ChangeSumDto['change'][]): number =>
    changes.sums.filter(({ change }) => kinds.includes(change)).reduce((sum, { count }) => sum + count, 0);
  const rows = changes.sums.map(({ change, count, difference, currency }) => [
    IN_WORDS[change],
    count,
    moneyText(difference, currency),
  ]);
  const shown = changes.largest.map((changed) => [
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
      ? [heading('Changed', changes.count), textTable(['affiliate', changes.period, 'now', 'difference'], shown)]
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
