import pg from 'pg';

/**
 * Whether something between us and PostgreSQL hands the connections of PostgreSQL around among its clients, as PgBouncer
 * does: it gives each client a number of its own, while the server says which process answers. In transaction mode nothing
 * that belongs to a session outlasts a transaction then.
 */
export async function isBehindPooler(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  // `pg` keeps the number to cancel statements with; its types do not show it.
  return rows[0]?.pid !== (client as pg.ClientBase & { processID: number | null }).processID;
}

/**
 * A pool whose statements may have names. Where a pooler would hand the next execution to a server process that has not
 * prepared the statement, it is sent without its name.
 */
export function createPool(
  config: pg.PoolConfig & { pipeline?: boolean },
  onConnect?: (client: pg.ClientBase, isPooled: boolean) => Promise<void>,
): pg.Pool {
  return new pg.Pool({
    ...config,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it, though its types do not say so
    onConnect: async (client) => {
      const isPooled = await isBehindPooler(client);
      if (isPooled) dropStatementNames(client);
      await onConnect?.(client, isPooled);
    },
  });
}

function dropStatementNames(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
  const withoutName = (statement: unknown, ...rest: unknown[]): unknown =>
    query(isNamed(statement) ? { ...statement, name: undefined } : statement, ...rest);
  client.query = withoutName as pg.ClientBase['query'];
}

function isNamed(statement: unknown): statement is pg.QueryConfig {
  return typeof statement === 'object' && statement !== null && 'name' in statement && 'text' in statement;
}
