import { Shelf } from './shelf.js';
import { StateLog, type LoggedVersion } from './state-log.js';
import type { ObjectType, StoredObjects } from './stored-objects.js';

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
    return (this.shelf(account, type).find(id) as StoredObjects[T] | undefined) ?? null;
  }

  /** All objects of a type, newest first. */
  newestFirst<T extends ObjectType>(account: string | null, type: T): readonly StoredObjects[T][] {
    return this.shelf(account, type).newestFirst() as readonly StoredObjects[T][];
  }

  /** The transfers of a group, newest first; it costs the same however many others there are. */
  transfersOf(account: string | null, group: string): readonly StoredObjects['transfer'][] {
    return this.shelf(account, 'transfer').newestOfGroup(group) as StoredObjects['transfer'][];
  }

  /** Stores a version of an object. Must be called inside a {@link transaction}. */
  put<T extends ObjectType>(account: string | null, type: T, id: string, value: StoredObjects[T] | null): void {
    if (!this.open) throw new Error('The object store is only written inside a transaction.');
    const shelf = this.shelf(account, type);
    const before = shelf.find(id);
    this.open.undo.push(() => shelf.put(id, before));
    this.open.versions.push([account, type, id, value]);
    shelf.put(id, deepFreeze(value));
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
    this.shelf(account, type).put(id, deepFreeze(value));
  }

  private shelf(account: string | null, type: string): Shelf {
    const key = `${account ?? ''}/${type}`;
    let shelf = this.shelves.get(key);
    if (!shelf) {
      shelf = new Shelf(type);
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
