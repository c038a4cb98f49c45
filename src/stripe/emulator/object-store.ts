import { StateLog, type LoggedVersion } from './state-log.js';
import type { ObjectType, StoredObjects } from './stored-objects.js';

type Shelf = Map<string, unknown>;

interface OpenTransaction {
  versions: LoggedVersion[];
  undo: (() => void)[];
  afterCommit: (() => void)[];
}

/**
 * The emulator's memory: object versions per owner (the platform, or one connected account) and
 * type, in the order of creation. Values are frozen: a change is a new version. Changes happen in
 * {@link transaction}s, which take back everything when the request fails.
 */
export class ObjectStore {
  private readonly shelves = new Map<string, Shelf>();
  private readonly log: StateLog | null;
  private open: OpenTransaction | null = null;

  constructor(stateFile: string | null) {
    this.log = stateFile === null ? null : StateLog.open(stateFile, (version) => this.restore(version));
  }

  find<T extends ObjectType>(account: string | null, type: T, id: string): StoredObjects[T] | null {
    return (this.shelf(account, type).get(id) as StoredObjects[T] | undefined) ?? null;
  }

  /** All objects of a type, oldest first. */
  all<T extends ObjectType>(account: string | null, type: T): StoredObjects[T][] {
    return [...this.shelf(account, type).values()] as StoredObjects[T][];
  }

  /** Stores a version of an object. Must be called inside a {@link transaction}. */
  put<T extends ObjectType>(account: string | null, type: T, id: string, value: StoredObjects[T] | null): void {
    if (!this.open) throw new Error('The object store is only written inside a transaction.');
    const shelf = this.shelf(account, type);
    const before = shelf.get(id);
    this.open.undo.push(() => (before === undefined ? shelf.delete(id) : shelf.set(id, before)));
    this.open.versions.push([account, type, id, value]);
    if (value === null) shelf.delete(id);
    else shelf.set(id, deepFreeze(value));
  }

  /**
   * Runs `work`, which must be synchronous, and writes all its versions as one line of the state
   * file. When it throws, memory is as it was before and nothing is written. What `afterCommit`
   * collected runs once everything is written.
   */
  transaction<T>(work: () => T): T {
    if (this.open) return work();
    const transaction: OpenTransaction = { versions: [], undo: [], afterCommit: [] };
    this.open = transaction;
    const result = this.attempt(work);
    this.open = null;
    this.log?.append(transaction.versions);
    transaction.afterCommit.forEach((action) => action());
    return result;
  }

  afterCommit(action: () => void): void {
    if (!this.open) throw new Error('There is no transaction to wait for.');
    this.open.afterCommit.push(action);
  }

  close(): void {
    this.log?.close();
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.open?.undo.reverse().forEach((undo) => undo());
      this.open = null;
      throw error;
    }
  }

  private restore([account, type, id, value]: LoggedVersion): void {
    const shelf = this.shelf(account, type);
    if (value === null) shelf.delete(id);
    else shelf.set(id, deepFreeze(value));
  }

  private shelf(account: string | null, type: string): Shelf {
    const key = `${account ?? ''}/${type}`;
    let shelf = this.shelves.get(key);
    if (!shelf) {
      shelf = new Map();
      this.shelves.set(key, shelf);
    }
    return shelf;
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
