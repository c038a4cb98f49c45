import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { currentProcess, isAlive, type ProcessIdentity } from './process-identity.js';

const POLL_MS = 20;

/**
 * Runs `work` while no other process does so for the same folder. The lock is a
 * file that only one process can create and that names its holder; one whose
 * holder has died is taken over. Not re-entrant.
 *
 * @throws Error when a living process holds the lock for longer than `timeoutMs`.
 */
export async function withFolderLock<Result>(
  folder: string,
  timeoutMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const file = join(folder, 'lock');
  const deadline = performance.now() + timeoutMs;
  while (!createLock(file)) {
    removeIfStale(file);
    if (performance.now() > deadline) {
      throw new Error(
        `Process ${readHolder(file)?.pid ?? '?'} has been starting or stopping the embedded database for ` +
          `${Math.round(timeoutMs / 1000)} s. Wait for it or end it; if it does not exist any more, delete ${file}.`,
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

/**
 * Creates the lock with its content in one step: a hard link fails when the name
 * exists, and a process killed halfway leaves no lock without a holder's name.
 */
function createLock(file: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(currentProcess()));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Two processes may find the same dead holder: the second of them would delete
 * the lock that the first has just made. So looking again and deleting happens
 * under a lock of its own, held for these few synchronous lines only.
 */
function removeIfStale(file: string): void {
  if (!isStale(file)) {
    return;
  }
  const takeover = `${file}.takeover`;
  if (!createLock(takeover)) {
    if (isStale(takeover)) {
      rmSync(takeover, { force: true });
    }
    return;
  }
  try {
    if (isStale(file)) {
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(takeover, { force: true });
  }
}

function isStale(file: string): boolean {
  const holder = readHolder(file);
  return holder !== null && !isAlive(holder);
}

/** The holder, or null when there is no lock. */
function readHolder(file: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return null;
  }
}
