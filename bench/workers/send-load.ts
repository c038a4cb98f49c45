import { sendOver } from '../harness/http-load.js';
import { requestsOf, type LoadPlan } from '../harness/requests.js';

/** What is to be sent where; the load begins with the message `go`. */
export interface LoadOrder {
  port: number;
  connections: number;
  plan: LoadPlan;
}

export interface LoadResult {
  answered: number;
  seconds: number;
  statuses: Record<string, number>;
  p50Ms: number;
  p99Ms: number;
  brokenConnections: number;
  /** The first answer that was an error, for whoever wonders why. */
  firstError: string | null;
  /** Of clicks: the ids that visitors were given. */
  clickIds: string[];
}

/** Sends a load from a process of its own: signing and sending are not the business of what is measured. */
process.on('message', (message: LoadOrder | 'go') => {
  if (message === 'go') void send();
  else prepare(message);
});

let order: LoadOrder;
let requests: Buffer[];

function prepare(given: LoadOrder): void {
  order = given;
  requests = requestsOf(given.plan);
  process.send?.('ready');
}

const CLICK_ID = /click_id=([a-z0-9_]+)/i;

async function send(): Promise<void> {
  const { plan, port, connections } = order;
  const statuses: Record<string, number> = {};
  const clickIds: string[] = [];
  const times: number[] = [];
  let firstError: string | null = null;
  const startedMs = performance.now();
  const next = plan.kind === 'clicks' ? untilTimeIsUp(startedMs + plan.milliseconds) : untilNoneIsLeft();
  const brokenConnections = await sendOver(port, connections, next, ({ status, text }, _request, milliseconds) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    times.push(milliseconds);
    if (status >= 400) firstError ??= text;
    if (plan.kind !== 'clicks') return;
    const [, clickId] = CLICK_ID.exec(text) ?? [];
    if (clickId !== undefined) clickIds.push(clickId);
  });
  const seconds = (performance.now() - startedMs) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  const result: LoadResult = {
    answered: times.length,
    seconds,
    statuses,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    brokenConnections,
    firstError,
    clickIds,
  };
  process.send?.(result, () => process.exit(0));
}

function untilTimeIsUp(endMs: number): () => Buffer | null {
  let place = Math.floor(Math.random() * requests.length);
  return () => {
    if (performance.now() >= endMs) return null;
    place = (place + 1) % requests.length;
    return requests[place] ?? null;
  };
}

function untilNoneIsLeft(): () => Buffer | null {
  let place = 0;
  return () => requests[place++] ?? null;
}
