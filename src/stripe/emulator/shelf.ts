/** By what a list is narrowed so often that reading all objects for it would be too slow. Such a value never changes. */
const GROUPED_BY: { [type: string]: string | undefined } = { transfer: 'transfer_group' };

/** The newest versions of all objects of one owner and type, in the order of creation. */
export class Shelf {
  private readonly values = new Map<string, unknown>();
  /** The ids of each group; also of objects that are gone. */
  private readonly groups = new Map<unknown, Set<string>>();
  private readonly groupedBy: string | undefined;
  /** Kept until something changes, since a client may turn a thousand pages of one list. */
  private newest: readonly unknown[] | null = null;

  constructor(type: string) {
    this.groupedBy = GROUPED_BY[type];
  }

  find(id: string): unknown {
    return this.values.get(id);
  }

  /** Stores a version; undefined and null: it is gone. */
  put(id: string, value: unknown): void {
    this.newest = null;
    if (value === undefined || value === null) this.values.delete(id);
    else this.values.set(id, value);
    if (this.groupedBy === undefined || typeof value !== 'object' || value === null) return;
    const group = (value as { [name: string]: unknown })[this.groupedBy];
    const ids = this.groups.get(group);
    if (ids) ids.add(id);
    else this.groups.set(group, new Set([id]));
  }

  newestFirst(): readonly unknown[] {
    this.newest ??= [...this.values.values()].reverse();
    return this.newest;
  }

  newestOfGroup(group: string): unknown[] {
    const ids = [...(this.groups.get(group) ?? [])].reverse();
    return ids.map((id) => this.values.get(id)).filter((value) => value !== undefined);
  }
}
