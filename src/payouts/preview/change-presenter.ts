import { toJsonAmount } from '../../common/money.js';
import type { PreviewChangeDto } from './preview.dto.js';
import { changeOf, isPaid, type PreviewDecision } from './preview-decisions.js';

/** Null where nothing changed since the last run. */
export function presentChange(decision: PreviewDecision): PreviewChangeDto | null {
  const changed = changeOf(decision);
  if (!changed || changed.change === 'same') return null;
  const { affiliateId, currency, amountMinor, reason, before } = decision;
  return {
    affiliateId,
    currency,
    change: changed.change,
    amountBefore: before && toJsonAmount(before.amountMinor),
    amountNow: amountMinor === 0n ? null : toJsonAmount(amountMinor),
    difference: toJsonAmount(changed.differenceMinor),
    statusBefore: before?.status ?? null,
    reasonBefore: before?.reason ?? null,
    statusNow: amountMinor === 0n ? null : isPaid(decision) ? 'paid' : 'skipped',
    reasonNow: reason,
  };
}
