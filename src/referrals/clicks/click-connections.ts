import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { Database } from '../../database/database.js';
import { createPool } from '../../database/pooler.js';

/** One for the flush of clicks, one for the look-up of codes: each runs one statement at a time. */
const MAX_CONNECTIONS = 2;

/** A visitor waits for these, so both are short: then he is redirected without his click being recorded. */
const CONNECT_TIMEOUT_MS = 2_000;
const STATEMENT_TIMEOUT_MS = 5_000;

/**
 * The database did not answer in time; whether the statement took effect is unknown. The code tells everybody that the
 * database is away: nothing is tried again by halves, which would make each visitor wait for many more timeouts.
 */
class StatementTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(options: ErrorOptions) {
    super('the database did not answer in time', options);
    this.name = 'StatementTimeoutError';
  }
}

/**
 * Connections of the redirect alone, so that a visitor never waits behind slow requests for a connection, nor they
 * behind a flood of visitors.
 */
@Injectable()
export class ClickConnections implements OnApplicationShutdown {
  private readonly pool: pg.Pool;

  constructor(database: Database) {
    this.pool = createPool({
      connectionString: database.url,
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
    });
    // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
    this.pool.on('error', () => undefined);
  }

  /**
   * Runs one statement; one with a name is prepared once per connection. A connection whose statement failed is closed.
   * @throws StatementTimeoutError; else the database's error.
   */
  async query<Row extends pg.QueryResultRow>(statement: {
    name?: string;
    text: string;
    values?: unknown[];
  }): Promise<Row[]> {
    try {
      const { rows } = await this.pool.query<Row>(statement);
      return rows;
    } catch (error) {
      throw isTimeout(error) ? new StatementTimeoutError({ cause: error }) : error;
    }
  }

  /** By then the server is closed and every request answered, so nothing is written any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}

/** `pg` gives this error no code. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}
