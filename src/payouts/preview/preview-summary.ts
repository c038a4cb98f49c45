import { toJsonAmount } from '../../common/money.js';
import type { RunTotalDto } from '../payout.dto.js';
import type { SkipReason } from '../eligibility/eligibility.js';
import type { ChangeSumDto } from './preview.dto.js';
import { CHANGES, type Change } from './preview-change.js';
import { changeOf, isPaid, type PreviewDecision } from './preview-decisions.js';

interface Sum {
  count: number;
  amountMinor: bigint;
}

export interface SkipSum extends Sum {
  reason: SkipReason;
  currency: string;
}

/** The sums of a preview, gathered decision by decision. */
export class PreviewSummary {
  private readonly paid = new Map<string, Sum>();
  private readonly skips = new Map<SkipReason, Map<string, Sum>>();
  private readonly changes = new Map<string, Map<Change, Sum>>();

  add(decision: PreviewDecision): void {
    const { currency, amountMinor, reason } = decision;
    if (isPaid(decision)) add(this.paid, currency, amountMinor);
    else if (reason !== null) add(sumsOf(this.skips, reason), currency, amountMinor);
    const changed = changeOf(decision);
    if (changed) add(sumsOf(this.changes, currency), changed.change, changed.differenceMinor);
  }

  /** What the payouts in each currency come to. */
  needed(): ReadonlyMap<string, bigint> {
    return new Map([...this.paid].map(([currency, { amountMinor }]) => [currency, amountMinor]));
  }

  totals(): RunTotalDto[] {
    return byName(this.paid).map(([currency, { count, amountMinor }]) => ({
      currency,
      count,
      amount: toJsonAmount(amountMinor),
    }));
  }

  /** By reason and currency. */
  skipSums(): SkipSum[] {
    return byName(this.skips).flatMap(([reason, sums]) =>
      byName(sums).map(([currency, sum]) => ({ reason, currency, ...sum })),
    );
  }

  changeSums(): ChangeSumDto[] {
    return byName(this.changes).flatMap(([currency, sums]) =>
      CHANGES.flatMap((change) => {
        const sum = sums.get(change);
        return sum ? [{ currency, change, count: sum.count, difference: toJsonAmount(sum.amountMinor) }] : [];
      }),
    );
  }
}

/** Those of `key`, which are empty when it is met for the first time. */
function sumsOf<K, L>(sums: Map<K, Map<L, Sum>>, key: K): Map<L, Sum> {
  const own = sums.get(key) ?? new Map<L, Sum>();
  sums.set(key, own);
  return own;
}

function add<K>(sums: Map<K, Sum>, key: K, amountMinor: bigint): void {
  const sum = sums.get(key) ?? { count: 0, amountMinor: 0n };
  sums.set(key, { count: sum.count + 1, amountMinor: sum.amountMinor + amountMinor });
}

function byName<K extends string, V>(map: Map<K, V>): [K, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
