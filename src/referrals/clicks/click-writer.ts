import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { Tx } from '../../database/database.js';
import { GroupCommit } from '../../database/group-commit.js';
import { ClickConnections } from './click-connections.js';
import { ClickCounter } from './click-counter.js';
import { ClickPartitions } from './click-partitions.js';
import { inTransaction, insertClicks, type NewClick, type StatementRunner } from './insert-clicks.js';

/**
 * Makes clicks durable. Clicks that arrive while others are being written share the next statement and its commit.
 */
@Injectable()
export class ClickWriter implements BeforeApplicationShutdown {
  private readonly group: GroupCommit<NewClick>;

  constructor(
    connections: ClickConnections,
    private readonly partitions: ClickPartitions,
    private readonly counter: ClickCounter,
  ) {
    this.group = new GroupCommit((clicks) => this.insert((statement) => connections.query(statement), clicks));
  }

  /**
   * Resolves once the click is committed and counted, and says so in it; it is not when its affiliate is not active.
   * @throws GroupCommitOverloadedError when too many clicks wait; the database's error when it is away.
   */
  write(click: NewClick): Promise<void> {
    return this.group.add(click);
  }

  /**
   * Stores and counts the click as part of `tx`, and says so in it; it is not when its affiliate is not active. Where the
   * click has a note, that note's row is locked until `tx` ends.
   */
  writeIn(tx: Tx, click: NewClick): Promise<void> {
    return this.insert(inTransaction(tx), [click]);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.group.drain();
    await this.counter.stop();
  }

  private async insert(run: StatementRunner, clicks: readonly NewClick[]): Promise<void> {
    await this.partitions.ensureFor(clicks);
    const inactive = await insertClicks(run, clicks);
    this.counter.countSoon();
    for (const click of clicks) click.isStored = !inactive.has(click.affiliateId);
  }
}
