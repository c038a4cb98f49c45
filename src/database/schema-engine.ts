import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
} from '@prisma/driver-adapter-utils';
import type { MigrationDirectory, MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';

/** The part of the standard that is used here; Node's own types leave it to browsers' libraries. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

type EngineModule = typeof import('@prisma/schema-engine-wasm') & {
  __wbg_set_wasm(exports: Record<string, unknown>): void;
};

let engineModule: Promise<EngineModule> | undefined;

/**
 * The engine limits the wait for its lock with a timer of ten seconds that it
 * never clears. Such a timer must not keep a finished process alive.
 */
function withIdleTimers(bindings: EngineModule): Record<string, unknown> {
  const setIdleTimeout = (callback: () => void, delayMs: number): NodeJS.Timeout =>
    setTimeout(callback, delayMs).unref();
  const entries = Object.entries(bindings).map(([name, value]) =>
    name.startsWith('__wbg_setTimeout_') ? [name, setIdleTimeout] : [name, value],
  );
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function throwPanic(text: string): never {
  throw new Error(`Prisma's schema engine broke: ${text}`);
}

/**
 * Loads Prisma's own schema engine as WebAssembly, once per process. The
 * package's entry point imports a `.wasm` file, which Node 20 cannot do, and
 * the native engine would have to be downloaded; so the module is put together
 * by hand, as its entry point would.
 */
function loadEngineModule(): Promise<EngineModule> {
  engineModule ??= (async () => {
    const bindings = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as EngineModule;
    const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
    const bytes = await readFile(join(folder, 'schema_engine_bg.wasm'));
    const { instance } = await WebAssembly.instantiate(bytes, {
      './schema_engine_bg.js': withIdleTimers(bindings),
    });
    // The engine hands the text of a panic to this well-known global before it traps. The trap cannot be
    // caught, as no promise leads to it; throwing here at least lets the process end with the reason.
    Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: throwPanic } });
    bindings.__wbg_set_wasm(instance.exports);
    (instance.exports['__wbindgen_start'] as () => void)();
    return bindings;
  })();
  return engineModule;
}

/** Object identifiers of PostgreSQL's types `"char"` and `text`. */
const CATALOG_CHAR_OID = 18;
const TEXT_OID = 25;

/**
 * Gives the engine one connection and makes up for two gaps in Prisma's adapter.
 *
 * The transaction and the engine's advisory lock belong to a session, while a
 * pool hands out any connection and throws away those that met an error. The
 * adapter cuts scripts at every semicolon, which breaks functions and triggers; here a
 * migration runs as one script, all or nothing. And it does not know
 * PostgreSQL's internal type `"char"`, in which the catalog describes CHECK
 * constraints; here such a column is let through as text and then declared to be
 * the single character that the engine expects.
 */
async function connectEngine(
  pool: pg.Pool,
  client: pg.PoolClient,
  onScriptError: (error: unknown) => void,
): Promise<SqlDriverAdapter> {
  const charColumnsBySql = new Map<string, Set<number>>();
  const queryOneClient = async (config: pg.QueryArrayConfig): Promise<pg.QueryArrayResult> => {
    const result = await client.query(config);
    const charColumns = new Set<number>();
    fieldsOf(result).forEach((field, index) => {
      if (field.dataTypeID === CATALOG_CHAR_OID) {
        field.dataTypeID = TEXT_OID;
        charColumns.add(index);
      }
    });
    charColumnsBySql.set(config.text, charColumns);
    return result;
  };
  pool.query = queryOneClient as typeof pool.query;

  const adapter = await new PrismaPg(pool).connect();
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (request) => {
    const result = await queryRaw(request);
    const charColumns = charColumnsBySql.get(request.sql);
    const columnTypes = result.columnTypes.map((type, index) =>
      charColumns?.has(index) ? ColumnTypeEnum.Character : type,
    );
    return { ...result, columnTypes };
  };
  const run = (sql: string): Promise<number> => adapter.executeRaw({ sql, args: [], argTypes: [] });
  adapter.executeScript = async (script) => {
    await run('SAVEPOINT script');
    try {
      await run(script);
    } catch (error) {
      onScriptError(error);
      // The engine wants to note the failure before it reports it.
      await run('ROLLBACK TO SAVEPOINT script');
      throw error;
    }
    await run('RELEASE SAVEPOINT script');
  };
  return adapter;
}

/**
 * Runs `work` with Prisma's schema engine on the given database, in one
 * transaction that is committed at the end or, with `discard`, rolled back. So a
 * process killed during a migration leaves no half-applied one behind, which
 * Prisma would refuse to continue from. The database also serves as the engine's
 * shadow database: a diff from the migrations may only be asked of an empty one,
 * with `discard`.
 *
 * @param options.lockWaitMs how long it waits for each table that others use; for ever unless told.
 * @throws whatever `work` throws, after a rollback; connection errors of `pg`. Where a script failed, `cause` is the
 *   database's own error, of which the engine keeps nothing but words.
 */
export async function withSchemaEngine<Result>(
  options: { url: string; discard: boolean; lockWaitMs?: number },
  work: (engine: SchemaEngine) => Promise<Result>,
): Promise<Result> {
  const pool = new pg.Pool({ connectionString: options.url, max: 1, connectionTimeoutMillis: 10_000 });
  const client = await pool.connect();
  // A connection that is lost shows in the next query; the event itself must not end the process.
  client.on('error', () => undefined);
  pool.on('error', () => undefined);
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = ${options.lockWaitMs ?? 0}`);
    let scriptError: unknown;
    const engine = await openEngine(pool, client, (error) => (scriptError = error));
    try {
      const result = await work(engine);
      await client.query(options.discard ? 'ROLLBACK' : 'COMMIT');
      return result;
    } catch (error) {
      throw scriptError !== undefined && error instanceof Error ? Object.assign(error, { cause: scriptError }) : error;
    } finally {
      engine.free();
    }
  } finally {
    // Closing the connection also rolls back what was not committed. The pool does not wait for a connection that it has
    // let go, and whoever drops the database next would still find ours in it.
    const closed = new Promise<void>((resolve) => pool.once('remove', () => resolve()));
    client.release(true);
    await closed;
    await pool.end();
  }
}

async function openEngine(
  pool: pg.Pool,
  client: pg.PoolClient,
  onScriptError: (error: unknown) => void,
): Promise<SchemaEngine> {
  const { SchemaEngine: Engine } = await loadEngineModule();
  const adapter = await connectEngine(pool, client, onScriptError);
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => Promise.resolve(adapter),
    connectToShadowDb: () => Promise.resolve(adapter),
  });
  // The engine's own log repeats at length what its errors say.
  const ignoreEngineLog = (): void => undefined;
  return Engine.new({ datamodels: undefined }, ignoreEngineLog, factory);
}

/**
 * Reads a migrations folder in Prisma's layout into what the engine takes.
 *
 * @throws Error (ENOENT) when the folder does not exist.
 */
export async function readMigrations(folder: string): Promise<MigrationList> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const migrationDirectories: MigrationDirectory[] = [];
  for (const name of names.sort()) {
    const content = await readFile(join(folder, name, 'migration.sql'), 'utf8');
    migrationDirectories.push({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: content } },
    });
  }
  const hasLockfile = entries.some((entry) => entry.name === 'migration_lock.toml');
  return {
    baseDir: folder,
    lockfile: {
      path: 'migration_lock.toml',
      content: hasLockfile ? await readFile(join(folder, 'migration_lock.toml'), 'utf8') : null,
    },
    shadowDbInitScript: '',
    migrationDirectories,
  };
}

/** Of several statements at once `pg` gives an array of results; those that the engine sends so return no rows. */
function fieldsOf(result: pg.QueryArrayResult | pg.QueryArrayResult[]): pg.FieldDef[] {
  return Array.isArray(result) ? [] : result.fields;
}
