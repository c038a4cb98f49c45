import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { TestApp } from '../setup/app.js';
import { eventually } from '../setup/eventually.js';
import type { ProductProcess } from '../setup/processes.js';
import type { Moment, StripeLine } from './stripe-line.js';

/** When a process is killed. */
export type Trigger =
  /** So long after the run was made, which waits for one balance until the kill. */
  | { at: 'reserving'; afterMs: number }
  /** So long after the first payouts were claimed. */
  | { at: 'claimed'; afterMs: number }
  /** So long after the first outcomes were committed. */
  | { at: 'committed'; afterMs: number }
  /** When the process's n-th request for a transfer has reached this moment. */
  | { at: Moment; nth: number; fate: 'go_on' | 'lose' | 'late' };

/** What a kill has left half done; several may be true of one kill, since many payouts are under way at once. */
export type Phase =
  | 'reserving'
  | 'claimed, not sent'
  | 'intent stored, Stripe never asked'
  | 'request in flight'
  | 'answered, not committed'
  | 'some committed';

const POLL_MS = 2;

/**
 * Resolves once the trigger has fired, or every process has ended by itself, or it was waited for in vain. `strike` is
 * called at that very moment.
 */
export async function strikeAt(
  trigger: Trigger,
  parts: { api: TestApp; line: StripeLine; processes: ProductProcess[]; strike: () => void; patienceMs: number },
): Promise<void> {
  const { api, line, processes, strike, patienceMs } = parts;
  const { prisma } = api.database;
  const giveUpAtMs = performance.now() + patienceMs;
  const isOver = (): boolean => performance.now() > giveUpAtMs || processes.every((process) => !process.isRunning());
  const poll = async (isTrue: () => Promise<boolean>, afterMs: number): Promise<void> => {
    while (!isOver() && !(await isTrue())) await pause(POLL_MS);
    await pause(afterMs);
    strike();
  };
  const pollForMore = async (count: () => Promise<number>, afterMs: number): Promise<void> => {
    const before = await count();
    return poll(async () => (await count()) > before, afterMs);
  };
  switch (trigger.at) {
    case 'reserving': {
      const letGo = await holdLastBalance(api.database.url);
      return poll(async () => (await prisma.payoutRun.count()) > 0, trigger.afterMs).finally(letGo);
    }
    case 'claimed':
      return pollForMore(
        () => prisma.payout.count({ where: { status: 'pending', nextTryAt: { not: null } } }),
        trigger.afterMs,
      );
    case 'committed':
      return pollForMore(() => prisma.payout.count({ where: { status: 'paid' } }), trigger.afterMs);
    default: {
      const wanted = line.transfers.length + trigger.nth;
      const struck = new Promise<void>((resolve) => {
        line.watcher = (moment, number) => {
          if (moment !== trigger.at || number !== wanted) return 'go_on';
          strike();
          resolve();
          return trigger.fate;
        };
      });
      await Promise.race([struck, until(isOver)]);
      line.watcher = () => 'go_on';
      strike();
    }
  }
}

/** No run can have reserved everything while somebody holds the last balance it comes to. */
async function holdLastBalance(databaseUrl: string): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(`
    SELECT 1 FROM balances WHERE payable_minor <> 0 ORDER BY affiliate_id DESC, currency DESC LIMIT 1 FOR UPDATE`);
  return () => holder.end();
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await pause(POLL_MS);
}

/** Looks at what is left, when no process of the product runs any more. */
export async function phasesLeft(api: TestApp, line: StripeLine, paidBefore: number): Promise<Set<Phase>> {
  const phases = new Set<Phase>();
  const { prisma } = api.database;
  // The first question after a restart of the database may meet a connection that broke.
  const run = await eventually(() => prisma.payoutRun.findFirst());
  if (run?.status === 'reserving') phases.add('reserving');
  const pending = await prisma.payout.findMany({
    where: { status: 'pending' },
    include: { attempts: { orderBy: { attemptNo: 'desc' }, take: 1 } },
  });
  for (const { sends, nextTryAt, attempts } of pending) {
    const [attempt] = attempts;
    if (!attempt) {
      if (sends === 0 && nextTryAt !== null) phases.add('claimed, not sent');
      continue;
    }
    const seen = line.transfers.findLast(({ idempotencyKey }) => idempotencyKey === attempt.idempotencyKey);
    if (!seen || seen.moment === 'arrived') phases.add('intent stored, Stripe never asked');
    else if (seen.moment !== 'answered') phases.add('request in flight');
    else if (seen.isTransfer) phases.add('answered, not committed');
  }
  const paid = await prisma.payout.count({ where: { status: 'paid' } });
  if (paid > paidBefore) phases.add('some committed');
  return phases;
}
