import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { MigrationDirectory, MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import type { Pool } from 'pg';

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
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...bindings } });
    bindings.__wbg_set_wasm(instance.exports);
    (instance.exports['__wbindgen_start'] as () => void)();
    return bindings;
  })();
  return engineModule;
}

/**
 * Gives the engine an adapter that runs a migration as one script on the one
 * connection of the pool. Prisma's own adapter cuts scripts at every semicolon,
 * which breaks functions and triggers, and spreads the pieces over a pool, which
 * loses both the transaction and the engine's advisory lock.
 */
async function connectForScripts(pool: Pool): Promise<SqlDriverAdapter> {
  const adapter = await new PrismaPg(pool).connect();
  adapter.executeScript = async (script) => {
    await adapter.executeRaw({ sql: script, args: [], argTypes: [] });
  };
  return adapter;
}

/**
 * Runs `work` with Prisma's schema engine on the given pool, which must have
 * exactly one connection: the engine's advisory lock belongs to a session.
 * The pool also serves as the engine's shadow database, so a diff from the
 * migrations may only be asked of an empty, disposable database.
 *
 * @throws whatever `work` throws; errors of the database keep their own text.
 */
export async function withSchemaEngine<Result>(
  pool: Pool,
  work: (engine: SchemaEngine) => Promise<Result>,
): Promise<Result> {
  const { SchemaEngine: Engine } = await loadEngineModule();
  const factory: SqlMigrationAwareDriverAdapterFactory = {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connectForScripts(pool),
    connectToShadowDb: () => connectForScripts(pool),
  };
  const bound = bindMigrationAwareSqlAdapterFactory(factory);
  // The engine's own log repeats at length what its errors say.
  const ignoreEngineLog = (): void => undefined;
  const engine = await Engine.new({ datamodels: undefined }, ignoreEngineLog, bound);
  try {
    return await work(engine);
  } finally {
    engine.free();
  }
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
