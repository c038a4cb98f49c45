/** Each name costs every connection a plan, so that a statement built anew for each request must not get one. */
const MAX_NAMES = 300;

/**
 * Names for statements that come again, so that each connection of PostgreSQL parses and plans them once: a statement
 * without a name is planned at each execution, which takes longer than executing it where it is about a few rows. What
 * was seen only once gets no name, since some statements are written for as many values as there are. Where a pooler hands
 * connections around, the pool drops the names again (createPool).
 */
export class StatementNames {
  private readonly names = new Map<string, string>();
  private seenOnce = new Set<string>();

  /** The statement's name; none at its first execution, and none once there are too many. */
  nameOf(sql: string): string | undefined {
    const known = this.names.get(sql);
    if (known !== undefined) return known;
    if (this.names.size >= MAX_NAMES) return undefined;
    if (!this.seenOnce.delete(sql)) {
      // Forgetting those that never came again bounds what is remembered.
      if (this.seenOnce.size >= MAX_NAMES) this.seenOnce = new Set();
      this.seenOnce.add(sql);
      return undefined;
    }
    const name = `fairshare_${this.names.size + 1}`;
    this.names.set(sql, name);
    return name;
  }
}
