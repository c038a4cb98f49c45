/** A lock between processes: a file that only one can create and that names its holder. */
import { linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;
const TIMEOUT_MS = 180_000;

/** Runs `work` while no other process does so for the same file. A holder that has died is replaced. */
export async function withLock(file, work) {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!create(file)) {
    removeIfStale(file);
    if (performance.now() > deadline) {
      throw new Error(
        `Process ${readHolder(file)} has held ${file} for too long. Wait for it, end it, or delete the file.`,
      );
    }
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A hard link makes the name and its content appear in one step, so that a killed process leaves no nameless lock. */
function create(file) {
  const folder = mkdtempSync(join(dirname(file), 'lock-'));
  const draft = join(folder, 'holder');
  try {
    writeFileSync(draft, String(process.pid));
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Two processes may find the same dead holder; looking again and deleting needs a lock of its own. */
function removeIfStale(file) {
  if (!isStale(file)) return;
  const takeover = `${file}.takeover`;
  if (!create(takeover)) {
    if (isStale(takeover)) rmSync(takeover, { force: true });
    return;
  }
  try {
    if (isStale(file)) rmSync(file, { force: true });
  } finally {
    rmSync(takeover, { force: true });
  }
}

function isStale(file) {
  const holder = readHolder(file);
  return holder !== null && !isAlive(holder);
}

/** Null when nobody holds the lock. */
function readHolder(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
