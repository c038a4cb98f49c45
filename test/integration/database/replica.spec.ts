import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../../src/database/database.js';
import { ADMIN_ROLE, openCluster } from '../../../src/database/embedded-postgres-cluster.js';
import {
  connectAsAdmin,
  findRunningServer,
  startServer,
  stopServer,
  type RunningServer,
} from '../../../src/database/embedded-postgres-server.js';
import { Replica } from '../../../src/database/replica.js';
import { createTestDatabase, prepareOwnServer, startOwnServer, type TestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';

/** Two embedded servers, of which one follows the other's log. */
describe('a streaming replica', () => {
  let folder: string;
  let test: TestDatabase;
  let primary: RunningServer;
  let standby: RunningServer;
  let database: Database;

  const ask = async (sql: string): Promise<unknown> => {
    const client = await database.connectToRead();
    try {
      const { rows } = await client.query<{ answer: unknown }>(`SELECT ${sql} AS answer`);
      return rows[0]?.answer;
    } finally {
      client.release();
    }
  };
  const isRead = (): Promise<unknown> => ask('pg_is_in_recovery()');
  const onStandby = async (sql: string): Promise<void> => {
    const client = await connectAsAdmin(
      openCluster(join(folder, 'standby'), () => undefined),
      standby.port,
    );
    await client.query(sql);
    await client.end();
  };

  const runningServer = async (name: string): Promise<RunningServer> => {
    const found = await findRunningServer(openCluster(join(folder, name), () => undefined));
    if (found === null) throw new Error(`no server runs on ${name}`);
    return found;
  };

  beforeAll(async () => {
    // By this name the teardown of a later run removes what an interrupted one has left.
    folder = mkdtempSync(join(tmpdir(), `fairshare-test-${process.pid}-`));
    chmodSync(folder, 0o755);
    const server = await prepareOwnServer(folder);
    test = await createTestDatabase(server);
    const original = openCluster(join(folder, 'postgres'), () => undefined);
    // A copy of the files of a server that is stopped is the simplest base backup.
    await stopServer(await runningServer('postgres'));
    execFileSync('cp', ['-a', join(folder, 'postgres'), join(folder, 'standby')]);
    writeFileSync(join(folder, 'standby', 'cluster', 'standby.signal'), '');
    await startOwnServer(folder);
    primary = await runningServer('postgres');
    standby = await startServer({
      cluster: openCluster(join(folder, 'standby'), () => undefined),
      logFile: join(folder, 'standby', 'standby.log'),
      portFile: join(folder, 'standby', 'standby-port'),
      settings: {
        primary_conninfo: `host=127.0.0.1 port=${primary.port} user=${ADMIN_ROLE} password=${original.credentials.adminPassword}`,
      },
    });
    const replicaUrl = new URL(test.url);
    replicaUrl.port = String(standby.port);
    database = new Database(test.url, replicaUrl.href);
  });
  afterAll(async () => {
    await database.onApplicationShutdown();
    await stopServer(standby);
    await test.drop();
    await stopServer(primary);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is read, and has whatever was committed before, each time', async () => {
    await eventually(async () => expect(await isRead()).toBe(true));
    for (let n = 1; n <= 50; n++) {
      await database.prisma.plan.update({ where: { id: 'pln_default' }, data: { name: `plan ${n}` } });
      expect(await ask(`(SELECT name FROM plans WHERE id = 'pln_default')`)).toBe(`plan ${n}`);
    }
  });

  it('that is behind is left aside, and read again once it has caught up', async () => {
    await onStandby('SELECT pg_wal_replay_pause()');
    await database.prisma.plan.update({ where: { id: 'pln_default' }, data: { name: 'newest' } });
    expect(await isRead()).toBe(false);
    expect(await ask(`(SELECT name FROM plans WHERE id = 'pln_default')`)).toBe('newest');
    await onStandby('SELECT pg_wal_replay_resume()');
    await eventually(async () => expect(await isRead()).toBe(true));
  });

  it('that fails is left alone, for longer each time up to a minute, and for a second again once it was read', async () => {
    let isUp = false;
    let tries = 0;
    const way = createServer((socket) => {
      tries++;
      socket.on('error', () => undefined);
      if (!isUp) return void socket.destroy();
      const onward = connect(standby.port, '127.0.0.1').on('error', () => undefined);
      socket.pipe(onward).pipe(socket);
    });
    const url = new URL(test.url);
    url.port = String(await listen(way));
    let nowMs = 0;
    const replica = new Replica(
      database.pool,
      url.href,
      () => Promise.resolve(),
      () => nowMs,
    );
    const triesAt = async (afterMs: number): Promise<number> => {
      nowMs += afterMs;
      const before = tries;
      const reads = await Promise.all([replica.connect(), replica.connect()]);
      expect(reads).toEqual([null, null]);
      expect(await replica.connect()).toBeNull();
      return tries - before;
    };
    try {
      // Both that come at once find out; nobody after them.
      expect(await triesAt(0)).toBe(2);
      for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
        expect([pauseMs, await triesAt(pauseMs - 1), await triesAt(1)]).toEqual([pauseMs, 0, 2]);
      }
      isUp = true;
      expect(await triesAt(59_999)).toBe(0);
      nowMs += 1;
      await eventually(async () => {
        nowMs += 60_000;
        const client = await replica.connect();
        client?.release(true);
        expect(client).not.toBeNull();
      });
      isUp = false;
      expect(await triesAt(0)).toBe(2);
      expect(await triesAt(999)).toBe(0);
      expect(await triesAt(1)).toBe(2);
    } finally {
      await replica.close();
      way.close();
    }
  });

  it('that was made a primary of its own is not read any more', async () => {
    await onStandby('SELECT pg_promote()');
    expect(await isRead()).toBe(false);
    const client = await database.connectToRead();
    const { rows } = await client.query<{ port: number }>('SELECT inet_server_port() AS port');
    client.release();
    expect(rows).toEqual([{ port: primary.port }]);
  });

  it('that is away costs no answer', async () => {
    await stopServer(standby);
    expect(await ask('1')).toBe(1);
  });
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}
