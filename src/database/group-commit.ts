import { isDatabaseUnavailable } from './database-errors.js';

/** Beyond this many waiting items the caller is told at once: memory stays bounded under any flood. */
const DEFAULT_MAX_QUEUED = 20_000;
const DEFAULT_MAX_BATCH = 1_000;

export class GroupCommitOverloadedError extends Error {
  constructor() {
    super('too many writes are waiting for the database');
    this.name = 'GroupCommitOverloadedError';
  }
}

interface Limits<T> {
  maxQueued?: number;
  maxBatch?: number;
  /** Items that share a key are written one after the other, in the order in which they came, each in a batch of its own. */
  keysOf?: (item: T) => string[];
}

interface Waiting<T> {
  item: T;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Lets concurrent requests share one multi-row statement and one commit. Items that arrive while a flush is under way
 * wait for the next one, which starts the moment the previous one returned: no timer, so an idle system adds nothing.
 * Whom the previous one was for is told right after: the database writes while we answer.
 *
 * `add` resolves once the item's statement is committed. A failing batch is retried by halves, so that one bad row
 * fails alone. `flush` must be one statement (or one transaction).
 */
export class GroupCommit<T> {
  private queue: Waiting<T>[] = [];
  private flushing: Promise<void> | null = null;

  private readonly maxQueued: number;
  private readonly maxBatch: number;
  private readonly keysOf: ((item: T) => string[]) | undefined;

  constructor(
    private readonly flush: (items: T[]) => Promise<void>,
    { maxQueued = DEFAULT_MAX_QUEUED, maxBatch = DEFAULT_MAX_BATCH, keysOf }: Limits<T> = {},
  ) {
    this.maxQueued = maxQueued;
    this.maxBatch = maxBatch;
    this.keysOf = keysOf;
  }

  /** @throws GroupCommitOverloadedError when too many items wait; else whatever `flush` throws for this item alone. */
  add(item: T): Promise<void> {
    if (this.queue.length >= this.maxQueued) return Promise.reject(new GroupCommitOverloadedError());
    return new Promise((resolve, reject) => {
      this.queue.push({ item, resolve, reject });
      this.flushing ??= this.run();
    });
  }

  /** Resolves when nothing waits any more; for a graceful shutdown. */
  async drain(): Promise<void> {
    while (this.flushing) await this.flushing;
  }

  private async run(): Promise<void> {
    // A microtask later, so that what is added in one go is written in one go.
    await Promise.resolve();
    let tell: () => void = () => undefined;
    while (this.queue.length > 0) {
      const writing = this.write(this.takeBatch());
      // The driver sends a statement a few ticks after it is asked to; all that is said at once would come before.
      setImmediate(tell);
      tell = await writing;
    }
    this.flushing = null;
    tell();
  }

  private takeBatch(): Waiting<T>[] {
    const { keysOf } = this;
    if (!keysOf) return this.queue.splice(0, this.maxBatch);
    const batch: Waiting<T>[] = [];
    const left: Waiting<T>[] = [];
    // Those of whoever is left for later, too: nobody overtakes them.
    const seen = new Set<string>();
    for (const waiting of this.queue) {
      const keys = keysOf(waiting.item);
      const isFirst = keys.every((key) => !seen.has(key));
      (isFirst && batch.length < this.maxBatch ? batch : left).push(waiting);
      for (const key of keys) seen.add(key);
    }
    this.queue = left;
    return batch;
  }

  /** @returns what tells those who wait what became of their items. */
  private async write(batch: Waiting<T>[]): Promise<() => void> {
    try {
      await this.flush(batch.map(({ item }) => item));
      return () => {
        for (const { resolve } of batch) resolve();
      };
    } catch (error) {
      if (batch.length === 1 || !this.isWorthSplitting(error)) {
        return () => {
          for (const { reject } of batch) reject(error);
        };
      }
      const middle = Math.ceil(batch.length / 2);
      const tellFirst = await this.write(batch.slice(0, middle));
      tellFirst();
      return this.write(batch.slice(middle));
    }
  }

  /** Halving finds a bad row; it is no help when the database is away. */
  private isWorthSplitting(error: unknown): boolean {
    return !isDatabaseUnavailable(error);
  }
}
