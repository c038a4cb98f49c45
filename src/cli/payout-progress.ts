import { setTimeout as sleep } from 'node:timers/promises';
import { Presets, SingleBar } from 'cli-progress';
import type { PayoutProgressDto } from '../payouts/payout.dto.js';

const REFRESH_MS = 500;

/**
 * Shows how a run gets on while `work` is under way, whoever does it: this process or another one. Only on a terminal;
 * a log file gets the report at the end.
 */
export async function withProgress<T>(
  work: Promise<T>,
  read: () => Promise<PayoutProgressDto | null>,
  terminal: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  if (!terminal.isTTY) return work;
  const bar = new SingleBar(
    { format: '{status} [{bar}] {value} of {total} payouts, {failed} failed', stream: terminal, hideCursor: true },
    Presets.shades_classic,
  );
  const show = async (): Promise<void> => {
    try {
      const progress = await read();
      // A bar of nothing would be drawn as full.
      if (!progress || progress.payouts === 0) return;
      const { payouts, pending, failed, canceled } = progress;
      if (!bar.isActive) bar.start(payouts, 0, { status: 'preparing', failed: 0 });
      bar.setTotal(payouts);
      bar.update(payouts - pending, { status: pending < payouts ? 'sending' : 'preparing', failed: failed + canceled });
    } catch {
      // The work itself reports what is wrong, or gets over it.
      if (bar.isActive) bar.update({ status: 'waiting for the database' });
    }
  };
  const showing = new AbortController();
  const shown = repeat(show, showing.signal);
  try {
    return await work;
  } finally {
    showing.abort();
    await shown;
    await show();
    if (bar.isActive) bar.stop();
  }
}

async function repeat(show: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await show();
    await sleep(REFRESH_MS);
  }
}
