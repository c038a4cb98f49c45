import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { Tx } from '../../database/database.js';
import { GroupCommit } from '../../database/group-commit.js';
import { ClickConnections } from './click-connections.js';
import { ClickPartitions } from './click-partitions.js';
import { inTransaction, insertClicks, type NewClick } from './insert-clicks.js';

interface PendingClick {
  click: NewClick;
  isStored: boolean;
}

/**
 * Makes clicks durable. Clicks that arrive while others are being written share the next statement and its commit.
 */
@Injectable()
export class ClickWriter implements BeforeApplicationShutdown {
  private readonly group: GroupCommit<PendingClick>;

  constructor(
    connections: ClickConnections,
    private readonly partitions: ClickPartitions,
  ) {
    this.group = new GroupCommit(async (pending) => {
      const clicks = pending.map(({ click }) => click);
      await this.partitions.ensureFor(clicks.map(({ id }) => id));
      const inactive = await insertClicks((statement) => connections.query(statement), clicks);
      for (const each of pending) each.isStored = !inactive.has(each.click.affiliateId);
    });
  }

  /**
   * Resolves once the click is committed and counted, or with false when its affiliate is not active.
   * @throws GroupCommitOverloadedError when too many clicks wait; the database's error when it is away.
   */
  async write(click: NewClick): Promise<boolean> {
    const pending: PendingClick = { click, isStored: false };
    await this.group.add(pending);
    return pending.isStored;
  }

  /**
   * Stores and counts the click as part of `tx`, under the row lock of its affiliate's day until `tx` ends; false when
   * the affiliate is not active.
   */
  async writeIn(tx: Tx, click: NewClick): Promise<boolean> {
    await this.partitions.ensureFor([click.id]);
    const inactive = await insertClicks(inTransaction(tx), [click]);
    return inactive.size === 0;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.group.drain();
  }
}
