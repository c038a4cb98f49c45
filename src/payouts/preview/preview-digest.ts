import { toJsonAmount } from '../../common/money.js';
import { presentChange } from './change-presenter.js';
import type { ChangeSumDto, PreviewChangeDto, PreviewDto } from './preview.dto.js';
import { isPaid, type PreviewDecision } from './preview-decisions.js';
import type { SkipSum } from './preview-summary.js';

/** Of a list that may have a hundred thousand rows: how many, and the first few by size. */
export interface Listed<R> {
  count: number;
  largest: R[];
}

/** A preview for people: the sums of all, and of each list what somebody still reads. Memory does not grow with it. */
export interface PreviewDigest extends Pick<PreviewDto, 'period' | 'cutOff' | 'totals' | 'funds'> {
  paid: Listed<PreviewDecision>;
  skipped: Listed<PreviewDecision> & { sums: SkipSum[] };
  /** Null when there was no run before. */
  changes: (Listed<PreviewChangeDto> & { period: string; sums: ChangeSumDto[] }) | null;
}

/** Gathers what a digest lists, decision by decision. */
export class DigestLists {
  private readonly paid: Largest<PreviewDecision>;
  private readonly skipped: Largest<PreviewDecision>;
  private readonly changed: Largest<PreviewChangeDto>;

  /** @param shown how many rows of each list. */
  constructor(shown: number) {
    this.paid = new Largest(shown, ({ amountMinor }) => toJsonAmount(amountMinor));
    this.skipped = new Largest(shown, ({ amountMinor }) => toJsonAmount(amountMinor));
    this.changed = new Largest(shown, ({ difference }) => difference);
  }

  add(decision: PreviewDecision): void {
    if (isPaid(decision)) this.paid.add(decision);
    else if (decision.reason !== null) this.skipped.add(decision);
    const change = presentChange(decision);
    if (change) this.changed.add(change);
  }

  all(): Record<'paid' | 'skipped', Listed<PreviewDecision>> & { changed: Listed<PreviewChangeDto> } {
    return { paid: this.paid.listed(), skipped: this.skipped.listed(), changed: this.changed.listed() };
  }
}

/** Amounts of several currencies are compared as they are written: it is only an order. */
class Largest<R> {
  private count = 0;
  private readonly kept: R[] = [];

  constructor(
    private readonly shown: number,
    private readonly sizeOf: (row: R) => number,
  ) {}

  /** What is as large as one that is there stands behind it: it came later. */
  add(row: R): void {
    this.count += 1;
    const size = Math.abs(this.sizeOf(row));
    const smaller = this.kept.findIndex((each) => Math.abs(this.sizeOf(each)) < size);
    if (smaller === -1 && this.kept.length === this.shown) return;
    this.kept.splice(smaller === -1 ? this.kept.length : smaller, 0, row);
    if (this.kept.length > this.shown) this.kept.pop();
  }

  listed(): Listed<R> {
    return { count: this.count, largest: this.kept };
  }
}
