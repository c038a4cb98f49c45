import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';

/** The kernel counts in hundredths of a second, whatever the machine. */
const TICK_SECONDS = 0.01;

/** What Linux tells about a process; on another system nothing is known, and the figures are left out. */
interface ProcessTimes {
  parent: number;
  own: number;
  /** Of its children that have ended. */
  ended: number;
}

/** Processor time that a process and its threads have used, in seconds. */
export function processorSeconds(pid: number): number {
  return timesOf(pid)?.own ?? Number.NaN;
}

/** The same of a PostgreSQL, all its processes together, found by a session on it. */
export async function postgresProcessorSeconds(session: pg.Client): Promise<number> {
  const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const postmaster = timesOf(rows[0]?.pid ?? 0)?.parent;
  if (postmaster === undefined) return Number.NaN;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), times: timesOf(Number(name)) }));
  return all.reduce((sum, { pid, times }) => {
    if (pid === postmaster) return sum + (times?.own ?? 0) + (times?.ended ?? 0);
    return times?.parent === postmaster ? sum + times.own : sum;
  }, 0);
}

/** The most memory that a process ever held, in megabytes. */
export function peakMegabytesOf(pid: number): number {
  return statusFigure(pid, 'VmHWM');
}

export function residentMegabytesOf(pid: number): number {
  return statusFigure(pid, 'VmRSS');
}

function statusFigure(pid: number, name: 'VmHWM' | 'VmRSS'): number {
  try {
    const [, kilobytes] = new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1024;
  } catch {
    return Number.NaN;
  }
}

/** Undefined for a process that has ended, or where there is no /proc. */
function timesOf(pid: number): ProcessTimes | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name stands in parentheses and may hold anything; what follows is numbered from the third field on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    parent: field(4),
    own: (field(14) + field(15)) * TICK_SECONDS,
    ended: (field(16) + field(17)) * TICK_SECONDS,
  };
}
