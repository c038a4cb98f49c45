import { Injectable } from '@nestjs/common';
import type { InboundEvent } from './webhook-verifier.js';

/**
 * For so long nobody else works on an event that this process has stored or taken. A process that is killed leaves its
 * events to the others after this long.
 */
export const CLAIM_SECONDS = 60;

/** Bounds the memory; an object in memory takes several times the room of its text. */
const EVENTS_MAX = 4_000;
const BYTES_MAX = 16 * 1024 * 1024;

/** An event that is this process's to work on. */
export interface ClaimedEvent {
  event: InboundEvent;
  receivedAt: Date;
  /** The length of its text, by which memory is bounded. */
  bytes: number;
  /** By the clock that only goes forward: what `performance.now()` said. */
  claimedAtMs: number;
}

/** Whether nobody else may be working on it by now. */
export function isStillClaimed({ claimedAtMs }: ClaimedEvent): boolean {
  return performance.now() - claimedAtMs < CLAIM_SECONDS * 1_000;
}

/**
 * The events that this process has claimed in the inbox and not done with. A bounded number: what finds no room is left in
 * the inbox, due at once for everybody. While nobody works here, as in a command, there is no room at all.
 */
@Injectable()
export class ClaimedEvents {
  private readonly waiting: ClaimedEvent[] = [];
  /** Those that wait and those that are under way. */
  private readonly known = new Map<string, ClaimedEvent>();
  private bytes = 0;
  private onNews: (() => void) | null = null;

  /** Makes room. `onNews` is called when there is something to work on. */
  open(onNews: () => void): void {
    this.onNews = onNews;
  }

  /** Makes an end of it: there is no room any more. @returns the ids of what nobody has begun to work on. */
  close(): string[] {
    this.onNews = null;
    return this.take(this.waiting.length).map(({ event }) => event.id);
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** Of events of these lengths, in their order, how many may be claimed. */
  roomFor(lengths: readonly number[]): number {
    if (this.onNews === null) return 0;
    let { bytes } = this;
    const full = lengths.findIndex((length, index) => {
      bytes += length;
      return bytes > BYTES_MAX || this.waiting.length + index >= EVENTS_MAX;
    });
    return full === -1 ? lengths.length : full;
  }

  /** Takes on what the inbox says is claimed; of what is here already, the claim is a new one. */
  add(events: readonly ClaimedEvent[]): void {
    for (const claimed of events) {
      const known = this.known.get(claimed.event.id);
      if (known) {
        known.claimedAtMs = claimed.claimedAtMs;
        continue;
      }
      this.known.set(claimed.event.id, claimed);
      this.waiting.push(claimed);
      this.bytes += claimed.bytes;
    }
    if (!this.isEmpty) this.onNews?.();
  }

  /** The next ones, which are under way from now on, until they are `done` or `putBack`. */
  take(count: number): ClaimedEvent[] {
    const taken = this.waiting.splice(0, count);
    for (const { bytes } of taken) this.bytes -= bytes;
    return taken;
  }

  /** Nothing of these is left to be done here, whatever became of them. */
  done(events: readonly ClaimedEvent[]): void {
    for (const { event } of events) this.known.delete(event.id);
  }

  /** They could not be worked on for now, and are the next again. */
  putBack(events: readonly ClaimedEvent[]): void {
    this.waiting.unshift(...events);
    for (const { bytes } of events) this.bytes += bytes;
  }
}
