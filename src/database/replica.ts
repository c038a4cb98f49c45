import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { createPool } from './pooler.js';

/** Who reads much does it one after the other; a connection that takes longer than this to make is none. */
const MAX_CONNECTIONS = 5;
const CONNECT_TIMEOUT_MS = 2_000;

/** How long a replica may take to have what the primary had; then the primary is read. */
const CATCH_UP_MS = 2_000;
const POLL_MS = 20;

/** How long one that could not be read is left alone; twice as long after each further time, so that it costs few reads. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;

/** A streaming replica that is read only at moments when it has everything that the primary had committed. */
export class Replica {
  private readonly logger = new Logger(Replica.name);
  private readonly pool: pg.Pool;
  private wasUsable = true;
  private pauseMs = 0;
  private leftAloneUntilMs = 0;

  constructor(
    private readonly primary: pg.Pool,
    url: string,
    onConnect: (client: pg.ClientBase, isPooled: boolean) => Promise<void>,
    private readonly nowMs = (): number => performance.now(),
  ) {
    this.pool = createPool(
      { connectionString: url, max: MAX_CONNECTIONS, connectionTimeoutMillis: CONNECT_TIMEOUT_MS },
      onConnect,
    );
    // What breaks shows in the next statement; unheard, it would end the process.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Null when it is away, too far behind, or no replica any more; at once where that was found a short while ago. */
  async connect(): Promise<pg.PoolClient | null> {
    if (this.nowMs() < this.leftAloneUntilMs) return null;
    let client: pg.PoolClient | undefined;
    try {
      const { rows } = await this.primary.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn() AS lsn');
      client = await this.pool.connect();
      if (await hasReplayed(client, rows[0]?.lsn ?? '')) {
        this.pauseMs = 0;
        this.tell(true);
        return client;
      }
      client.release();
      this.leaveAlone('it is too far behind, or no replica any more');
    } catch (error) {
      client?.release(true);
      this.leaveAlone(String(error));
    }
    return null;
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  private leaveAlone(reason: string): void {
    this.tell(false, reason);
    // Of those that were under way at the same time only the first one found anything out.
    if (this.nowMs() < this.leftAloneUntilMs) return;
    this.pauseMs = Math.min(this.pauseMs * 2 || FIRST_PAUSE_MS, MAX_PAUSE_MS);
    this.leftAloneUntilMs = this.nowMs() + this.pauseMs;
  }

  /** Told when it changes, not with each read. */
  private tell(isUsable: boolean, reason = ''): void {
    if (isUsable === this.wasUsable) return;
    this.wasUsable = isUsable;
    if (isUsable) this.logger.log('the replica is read again');
    else this.logger.warn({ message: 'the primary is read in place of the replica', reason });
  }
}

/** Positions in the log, not moments: one that is cut off from its primary does not know how old it is. */
async function hasReplayed(client: pg.ClientBase, lsn: string): Promise<boolean> {
  const giveUpAtMs = performance.now() + CATCH_UP_MS;
  for (;;) {
    // Null on a server that is no replica any more: it may have gone another way since.
    const { rows } = await client.query<{ replayed: boolean | null }>(
      'SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::pg_lsn AS replayed',
      [lsn],
    );
    if (rows[0]?.replayed === true) return true;
    if (performance.now() >= giveUpAtMs) return false;
    await sleep(POLL_MS);
  }
}
