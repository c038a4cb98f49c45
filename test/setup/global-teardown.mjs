import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/**
 * Stops this run's database server and deletes all that the run has made; also
 * of earlier runs that were interrupted and could not do so themselves. It
 * stands alone, as the setup does.
 */
export default async function globalTeardown() {
  const folder = process.env.FAIRSHARE_TEST_RUN_DIR;
  if (folder) {
    await removeRun(folder);
  }
  await removeAbandonedRuns();
}

async function removeAbandonedRuns() {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(/^fairshare-test-(\d+)-/.exec(name)?.[1]);
    if (pid && !isRunning(pid)) {
      await removeRun(join(tmpdir(), name));
    }
  }
}

async function removeRun(folder) {
  await dropFromSharedServer(folder);
  const cluster = join(folder, 'postgres', 'cluster');
  const pid = readPid(join(cluster, 'postmaster.pid'));
  if (pid) {
    await stop(pid);
  }
  if (lstatSync(cluster, { throwIfNoEntry: false })?.isSymbolicLink() && existsSync(cluster)) {
    // The server's user could not reach the folder, so the data lies elsewhere.
    rmSync(dirname(realpathSync(cluster)), { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function dropFromSharedServer(folder) {
  const file = join(folder, 'server.json');
  const server = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  if (!server?.isShared) {
    return;
  }
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    const databases = await client.query('SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)', [
      server.template,
    ]);
    for (const { name } of databases.rows) {
      await client.query(`DROP DATABASE ${client.escapeIdentifier(name)} WITH (FORCE)`);
    }
    if (server.app.role !== server.owner.role) {
      await client.query(`DROP ROLE ${client.escapeIdentifier(server.app.role)}`);
    }
  } finally {
    await client.end();
  }
}

async function stop(pid) {
  // SIGQUIT ends the server at once; nobody will read its data again.
  signal(pid, 'SIGQUIT');
  const deadline = performance.now() + 10_000;
  while (isRunning(pid) && performance.now() < deadline) {
    await delay(20);
  }
}

function readPid(file) {
  const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0;
  return pid > 0 && pid !== process.pid ? pid : undefined;
}

function isRunning(pid) {
  return signal(pid, 0) && !isZombie(pid);
}

function isZombie(pid) {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && / Z /.test(readFileSync(stat, 'utf8'));
}

function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
