import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** A process that cannot be confused with a later one that was given the same number. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; null when the system does not tell. */
  startedAt: string | null;
}

/** Who this process is. */
export function currentProcess(): ProcessIdentity {
  return { pid: process.pid, startedAt: startTimeOf(process.pid) };
}

/**
 * Whether that very process still runs. A zombie (killed, but not yet reaped by
 * its parent) counts as gone, and so does another process under a reused number:
 * containers hand out the same few numbers at every start.
 */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!isPidInUse(identity.pid)) {
    return false;
  }
  const startedAt = startTimeOf(identity.pid);
  return identity.startedAt === null || startedAt === null || identity.startedAt === startedAt;
}

/** Whether any process that is not a zombie has this number. */
export function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM' && statFieldsOf(pid)?.[0] !== 'Z';
  }
  return statFieldsOf(pid)?.[0] !== 'Z';
}

/** The name of the program that a process runs, without its folder; '' when the system does not tell. */
export function programOf(pid: number): string {
  try {
    return basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '');
  } catch {
    return basename(askPs(pid, 'comm') ?? '');
  }
}

function startTimeOf(pid: number): string | null {
  // Field 22 of /proc/…/stat: clock ticks between boot and the start of the process.
  return statFieldsOf(pid)?.[19] ?? askPs(pid, 'lstart');
}

/** The fields of /proc/<pid>/stat from the third one on (state first), or null where there is no /proc. */
function statFieldsOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in parentheses and may itself contain spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function askPs(pid: number, column: string): string | null {
  if (process.platform === 'linux') {
    return null;
  }
  try {
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}
