import { idAt, type IdKind } from '../common/ids.js';
import type { Random } from './random.js';

/** More ids than that within a millisecond do not keep their order. */
const COUNTER_MAX = 0xfff;

/** Makes ids of past moments. Those of one maker and moment keep the order in which they were made. */
export class TimedIds {
  private lastMs = 0;
  private counter = 0;

  constructor(private readonly random: Random) {}

  next(kind: IdKind, at: Date): string {
    const atMs = at.getTime();
    this.counter = atMs === this.lastMs && this.counter < COUNTER_MAX ? this.counter + 1 : 0;
    this.lastMs = atMs;
    return idAt(kind, atMs, this.counter, this.random.bits() & 0x3fffffff, this.random.bits());
  }
}
