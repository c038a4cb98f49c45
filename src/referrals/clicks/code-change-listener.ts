import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Database } from '../../database/database.js';
import { isBehindPooler } from '../../database/pooler.js';
import { CodeDirectory } from './code-directory.js';

/** Triggers of the database tell it which code changed, or whose affiliate did. */
const CHANNEL = 'affiliate_code_changed';

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 10_000;

/**
 * Keeps the code directories of all instances true. A connection of its own, since LISTEN belongs to a session; lost,
 * it is made again for ever, at growing intervals, and the directory lives on its short memory meanwhile. So it does for
 * good behind a pooler, where nothing can be listened to.
 */
@Injectable()
export class CodeChangeListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(CodeChangeListener.name);
  private client: pg.Client | null = null;
  private retryTimer: NodeJS.Timeout | null = null;
  private retryMs = FIRST_RETRY_MS;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly directory: CodeDirectory,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.connect();
    await this.directory.warm();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.retryTimer) clearTimeout(this.retryTimer);
    await this.client?.end();
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.database.url,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    });
    this.client = client;
    client.on('notification', ({ payload }) => {
      if (payload) this.directory.codeChanged(payload);
    });
    client.on('error', (error) => this.reconnectLater(client, error));
    client.on('end', () => this.reconnectLater(client, new Error('the connection ended')));
    try {
      await client.connect();
      if (await isBehindPooler(client)) {
        await this.giveUp(client);
        return;
      }
      await client.query(`LISTEN ${CHANNEL}`);
      this.directory.startListening();
      this.retryMs = FIRST_RETRY_MS;
    } catch (error) {
      this.reconnectLater(client, error);
    }
  }

  private async giveUp(client: pg.Client): Promise<void> {
    this.client = null;
    this.logger.log(
      'DATABASE_URL leads through a pooler: codes are remembered for a second instead of listening to changes',
    );
    await client.end();
  }

  /** A broken connection may say so several times; only the first word about the current one counts. */
  private reconnectLater(client: pg.Client, reason: unknown): void {
    if (this.stopped || this.client !== client) return;
    this.client = null;
    this.directory.stopListening();
    this.logger.warn({
      err: reason,
      retryMs: this.retryMs,
      msg: 'changes of codes are not heard of; connecting again',
    });
    client.end().catch((error: unknown) => this.logger.debug({ err: error, msg: 'it was closed already' }));
    this.retryTimer = setTimeout(() => void this.connect(), this.retryMs);
    this.retryTimer.unref();
    this.retryMs = Math.min(this.retryMs * 2, MAX_RETRY_MS);
  }
}
