import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { Tx } from '../../database/database.js';
import { GroupCommit } from '../../database/group-commit.js';
import { ClickConnections } from './click-connections.js';
import { ClickPartitions } from './click-partitions.js';
import { inTransaction, insertClicks, type NewClick } from './insert-clicks.js';

/**
 * Makes clicks durable. Clicks that arrive while others are being written share the next statement and its commit.
 */
@Injectable()
export class ClickWriter implements BeforeApplicationShutdown {
  private readonly group: GroupCommit<NewClick>;

  constructor(
    connections: ClickConnections,
    private readonly partitions: ClickPartitions,
  ) {
    this.group = new GroupCommit(async (clicks) => {
      await this.partitions.ensureFor(clicks.map((click) => click.id));
      await insertClicks((statement) => connections.query(statement), clicks);
    });
  }

  /**
   * Resolves once the click is committed and counted.
   * @throws GroupCommitOverloadedError when too many clicks wait; the database's error when it is away.
   */
  write(click: NewClick): Promise<void> {
    return this.group.add(click);
  }

  /** Stores and counts the click as part of `tx`, under the row lock of its affiliate's day until `tx` ends. */
  async writeIn(tx: Tx, click: NewClick): Promise<void> {
    await this.partitions.ensureFor([click.id]);
    await insertClicks(inTransaction(tx), [click]);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.group.drain();
  }
}
