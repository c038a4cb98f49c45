import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findServerBinaries, type ServerBinaries, type ServerUser } from './embedded-postgres-binaries.js';

/** Where root keeps what the server's own user must be able to reach. */
const SYSTEM_DIR = '/var/lib/fairshare';
const SYSTEM_USER = 'postgres';
const CREDENTIALS_FILE = 'fairshare-credentials.json';
const ORIGIN_FILE = 'fairshare-origin';

export interface ClusterCredentials {
  adminPassword: string;
  ownerPassword: string;
  appPassword: string;
}

/** A database cluster on disk that has been initialised completely. */
export interface Cluster {
  /** The cluster itself (PGDATA), without symbolic links. */
  dir: string;
  user: ServerUser | undefined;
  binaries: ServerBinaries;
  credentials: ClusterCredentials;
}

/** The role that initialises the cluster; nothing but this folder's code connects with it. */
export const ADMIN_ROLE = 'fairshare_admin';

/**
 * Makes the folder that holds everything, if need be with the folders above it.
 *
 * @throws Error when this user may not write there.
 */
export function makeDataDir(dataDir: string): void {
  try {
    const firstMade = mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK);
    if (firstMade && process.getuid?.() === 0) {
      // Root's umask must not hide the data from the user that the server runs as.
      for (let folder = dataDir; folder.length >= firstMade.length; folder = dirname(folder)) {
        chmodSync(folder, 0o755);
      }
    }
  } catch (error) {
    throw new Error(
      `The embedded database cannot write to ${dataDir} (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}). ` +
        'Start as the user who owns that folder, or set DATABASE_URL to a PostgreSQL server.',
      { cause: error },
    );
  }
}

/**
 * Opens the cluster of a data folder and makes it when there is none yet. It is
 * made under another name and renamed when complete, so a process that is killed
 * meanwhile leaves nothing that could be mistaken for data. Call it under the
 * folder's lock.
 *
 * @throws Error with a sentence about what to do: data of another user or of
 *   another major version, data out of reach, no user for a server started by root.
 */
export function openCluster(dataDir: string, log: (message: string) => void): Cluster {
  const isRoot = process.getuid?.() === 0;
  const link = join(dataDir, 'cluster');
  const isNew = lstatSync(link, { throwIfNoEntry: false }) === undefined;
  if (!isNew) {
    followLink(link, dataDir);
  }
  const dir = isNew || !existsSync(link) ? undefined : realpathSync(link);
  const user = isRoot ? findServerUser(dir, log) : undefined;
  const copiesDir = isRoot ? SYSTEM_DIR : dataDir;
  const binaries = findServerBinaries({ user, copiesDir, log });
  const opened = dir ?? createCluster({ dataDir, user, binaries, log });
  return { dir: opened, user, binaries, credentials: readCluster(opened, user, binaries) };
}

/** Handles a cluster that lies elsewhere: its folder was moved, copied, or the data is gone. */
function followLink(link: string, dataDir: string): void {
  if (!lstatSync(link).isSymbolicLink()) {
    return;
  }
  const target = readlinkSync(link);
  if (!existsSync(target)) {
    throw new Error(
      `The data of the embedded database is gone: ${link} points to ${target}, which does not exist. ` +
        'Restore it, or delete the link to begin with an empty database.',
    );
  }
  const originFile = join(dirname(target), ORIGIN_FILE);
  const origin = existsSync(originFile) ? readFileSync(originFile, 'utf8') : dataDir;
  if (origin === dataDir) {
    return;
  }
  const originLink = lstatSync(join(origin, 'cluster'), { throwIfNoEntry: false });
  if (originLink?.isSymbolicLink() && readlinkSync(join(origin, 'cluster')) === target) {
    throw new Error(
      `${dataDir} is a copy of ${origin}, and both name the same data in ${target}. ` +
        `Delete ${link} to give this copy a database of its own.`,
    );
  }
  // The folder was moved, and its data goes with it.
  writeFileSync(originFile, dataDir);
}

/** Root runs the server as whoever owns the data, or as the usual `postgres` user. */
function findServerUser(dir: string | undefined, log: (message: string) => void): ServerUser {
  const owner = dir === undefined ? undefined : statSync(dir);
  if (owner && owner.uid !== 0) {
    return { uid: owner.uid, gid: owner.gid };
  }
  const user = lookUpSystemUser() ?? createSystemUser(log);
  if (dir !== undefined) {
    // Copied by root, as in a restored backup: the files lost their owner.
    chownTree(dir, user);
  }
  return user;
}

function lookUpSystemUser(): ServerUser | undefined {
  try {
    const ask = (flag: string): number =>
      Number(execFileSync('id', [flag, SYSTEM_USER], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return undefined;
  }
}

function createSystemUser(log: (message: string) => void): ServerUser {
  log(`PostgreSQL refuses to run as root; creating the system user "${SYSTEM_USER}" for it.`);
  let reason = 'it was created but cannot be found';
  try {
    execFileSync('useradd', ['--system', '--user-group', '--shell', '/usr/sbin/nologin', SYSTEM_USER], {
      stdio: 'pipe',
    });
  } catch (error) {
    reason = (error as Error).message.trim();
  }
  const user = lookUpSystemUser();
  if (!user) {
    throw new Error(
      `PostgreSQL refuses to run as root and the user "${SYSTEM_USER}" could not be created (${reason}). ` +
        'Start as an ordinary user, create that user, or set DATABASE_URL to a PostgreSQL server.',
    );
  }
  return user;
}

function createCluster(options: {
  dataDir: string;
  user: ServerUser | undefined;
  binaries: ServerBinaries;
  log: (message: string) => void;
}): string {
  const { dataDir, user, binaries, log } = options;
  const home = user && !canReach(realpathSync(dataDir), user) ? makeSystemHome(dataDir) : realpathSync(dataDir);
  const drafts = readdirSync(home).filter((name) => name.startsWith('cluster.draft-'));
  drafts.forEach((name) => rmSync(join(home, name), { recursive: true, force: true }));

  const draft = join(home, `cluster.draft-${randomBytes(4).toString('hex')}`);
  const makePassword = (): string => randomBytes(24).toString('base64url');
  const credentials: ClusterCredentials = {
    adminPassword: makePassword(),
    ownerPassword: makePassword(),
    appPassword: makePassword(),
  };
  mkdirSync(draft, { mode: 0o700 });
  giveTo(draft, user);
  initialise(draft, credentials.adminPassword, binaries, user);
  const credentialsFile = join(draft, CREDENTIALS_FILE);
  writeFileSync(credentialsFile, JSON.stringify(credentials), { mode: 0o600 });
  giveTo(credentialsFile, user);

  const dir = join(home, 'cluster');
  renameSync(draft, dir);
  if (home !== realpathSync(dataDir)) {
    symlinkSync(dir, join(dataDir, 'cluster'));
    log(`User ${user?.uid ?? ''} cannot reach ${dataDir}, so the embedded database keeps its data in ${home}.`);
  }
  return dir;
}

function makeSystemHome(dataDir: string): string {
  mkdirSync(SYSTEM_DIR, { recursive: true });
  chmodSync(SYSTEM_DIR, 0o755);
  const home = join(SYSTEM_DIR, randomBytes(6).toString('hex'));
  mkdirSync(home);
  chmodSync(home, 0o755);
  writeFileSync(join(home, ORIGIN_FILE), dataDir);
  return home;
}

function initialise(dir: string, password: string, binaries: ServerBinaries, user: ServerUser | undefined): void {
  const passwordFile = `${dir}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  giveTo(passwordFile, user);
  // PostgreSQL's own locale gives the same order of text on every machine.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['--auth=scram-sha-256', `--username=${ADMIN_ROLE}`, `--pwfile=${passwordFile}`];
  try {
    execFileSync(binaries.initdb, [`--pgdata=${dir}`, ...locale, ...access], {
      ...user,
      cwd: '/',
      env: { LC_ALL: 'C' },
      stdio: 'pipe',
      encoding: 'utf8',
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`The embedded database could not be initialised in ${dir}: ${(stderr || message).trim()}`, {
      cause: error,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function readCluster(dir: string, user: ServerUser | undefined, binaries: ServerBinaries): ClusterCredentials {
  if (user && !canReach(dirname(dir), user)) {
    throw new Error(
      `The database server runs as user ${user.uid}, which cannot reach its data in ${dir}. ` +
        'Allow it to enter the folders above, or move the data.',
    );
  }
  let version: string;
  let credentials: string;
  try {
    version = readFileSync(join(dir, 'PG_VERSION'), 'utf8').trim();
    credentials = readFileSync(join(dir, CREDENTIALS_FILE), 'utf8');
  } catch (error) {
    const isForbidden = (error as NodeJS.ErrnoException).code === 'EACCES';
    throw new Error(
      isForbidden
        ? `The embedded database in ${dir} belongs to another user. Start as that user or as root, or choose another folder.`
        : `${dir} is not a complete database of ours (${(error as Error).message}). Restore it from a backup, or move it away to begin with an empty one.`,
      { cause: error },
    );
  }
  if (Number(version) !== binaries.majorVersion) {
    throw new Error(
      `The data in ${dir} was written by PostgreSQL ${version}, but this release brings PostgreSQL ${binaries.majorVersion}. ` +
        'Dump it with the old release and load it into the new one.',
    );
  }
  return JSON.parse(credentials) as ClusterCredentials;
}

function canReach(path: string, user: ServerUser): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const { uid, gid, mode } = statSync(folder);
    const searchBit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & searchBit) === 0) {
      return false;
    }
    if (folder === dirname(folder)) {
      return true;
    }
  }
}

function giveTo(path: string, user: ServerUser | undefined): void {
  if (user) {
    chownSync(path, user.uid, user.gid);
  }
}

function chownTree(dir: string, user: ServerUser): void {
  giveTo(dir, user);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      chownTree(path, user);
    } else if (entry.isFile()) {
      giveTo(path, user);
    }
  }
}
