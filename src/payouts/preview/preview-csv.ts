import type { Readable } from 'node:stream';
import { csvStream, majorAmount, minorAmount } from '../../http/csv.js';
import { changeOf, isPaid, type PreviewDecision } from './preview-decisions.js';

/** A preview as a file: one row per affiliate and currency, the last run's decision beside the new one. */
export function previewCsv(period: string, decisions: AsyncIterable<PreviewDecision>): Readable {
  return csvStream<PreviewDecision>(
    {
      period: () => period,
      affiliateId: ({ affiliateId }) => affiliateId,
      affiliateName: ({ affiliateName }) => affiliateName,
      status: (decision) => statusOf(decision),
      reason: ({ reason }) => reason,
      amount: ({ amountMinor, currency }) => majorAmount(amountMinor, currency),
      currency: ({ currency }) => currency,
      amountMinor: ({ amountMinor }) => minorAmount(amountMinor),
      change: (decision) => changeOf(decision)?.change ?? null,
      difference: (decision) => majorAmount(changeOf(decision)?.differenceMinor ?? 0n, decision.currency),
      statusBefore: ({ before }) => before?.status ?? null,
      reasonBefore: ({ before }) => before?.reason ?? null,
      amountBefore: ({ before, currency }) => before && majorAmount(before.amountMinor, currency),
    },
    decisions,
  );
}

function statusOf(decision: PreviewDecision): string {
  if (isPaid(decision)) return 'paid';
  return decision.reason === null ? 'nothing_due' : 'skipped';
}
