import { toJsonAmount } from '../../common/money.js';
import type { RunTotalDto } from '../payout.dto.js';
import type { ChangeSumDto } from './preview.dto.js';
import { CHANGES, type Change } from './preview-change.js';
import { changeOf, isPaid, type PreviewDecision } from './preview-decisions.js';

interface Sum {
  count: number;
  amountMinor: bigint;
}

/** The sums of a preview, gathered decision by decision. */
export class PreviewSummary {
  private readonly paid = new Map<string, Sum>();
  private readonly changes = new Map<string, Map<Change, Sum>>();

  add(decision: PreviewDecision): void {
    const { currency, amountMinor } = decision;
    if (isPaid(decision)) add(this.paid, currency, amountMinor);
    const changed = changeOf(decision);
    if (!changed) return;
    const ofCurrency = this.changes.get(currency) ?? new Map<Change, Sum>();
    this.changes.set(currency, ofCurrency);
    add(ofCurrency, changed.change, changed.differenceMinor);
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

  changeSums(): ChangeSumDto[] {
    return byName(this.changes).flatMap(([currency, sums]) =>
      CHANGES.flatMap((change) => {
        const sum = sums.get(change);
        return sum ? [{ currency, change, count: sum.count, difference: toJsonAmount(sum.amountMinor) }] : [];
      }),
    );
  }
}

function add<K>(sums: Map<K, Sum>, key: K, amountMinor: bigint): void {
  const sum = sums.get(key) ?? { count: 0, amountMinor: 0n };
  sums.set(key, { count: sum.count + 1, amountMinor: sum.amountMinor + amountMinor });
}

function byName<V>(map: Map<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
