import type pg from 'pg';
import { settle, type BenchDatabase, type BenchServer } from './harness/bench-server.js';
import { startContestant, withProcessorTime, type Contestant, type ProcessorTime } from './harness/contestant.js';
import { prepareLoad, type LoadResult } from './harness/load.js';
import { runWorker } from './harness/measured-process.js';
import { peakMegabytesOf } from './harness/processor-time.js';
import { seedCustomers } from './harness/seed-customers.js';
import type { Size } from './harness/size.js';
import { medianOf, medianRatio, spreadOf } from './harness/spread.js';
import type { Row } from './harness/table.js';

const AFFILIATES = 1_000;
const CUSTOMERS = 20_000;
const CONNECTIONS = 64;
const COPIES = 10;
const SECRET = 'whsec_bench';

interface Round extends ProcessorTime {
  events: number;
  acknowledgedSeconds: number;
  postedSeconds: number;
  load: LoadResult;
}

/** What one round found: of both servers, and of the bare insert how many there were a second. */
interface Measured {
  Fairshare: Round;
  'tutorial build': Round;
  statement: number;
}

type Turns = { [Who in keyof Measured]: () => Promise<Measured[Who]> };

/** A server that takes webhooks, and how it is seen that what it was told is posted. */
interface Recipient {
  server: Contestant;
  /** Waits until no event of these is waiting. */
  untilPosted(events: string[]): Promise<void>;
  countPostings(events: string[]): Promise<number>;
}

/** `invoice.paid` from the first byte until its commission is posted; and what ten deliveries of one event at once do. */
export function webhooks(server: BenchServer, size: Size): Promise<Row[]> {
  const [rounds, events] = { quick: [1, 500], usual: [7, 5_000], full: [9, 20_000] }[size] as [number, number];
  return server.withDatabase('webhooks', async (database) => {
    await seedCustomers(database.admin, AFFILIATES, CUSTOMERS);
    await settle(database.admin);
    const fairshare = await startFairshare(database);
    const tutorial = await startTutorial(database);
    try {
      const measured: Measured[] = [];
      for (let round = 0; round <= rounds; round++) {
        const one = await playRound(round, {
          Fairshare: () => playWarm(database, fairshare, events),
          // A fifth of the events, so that its slowness does not make the rounds longer than they need be.
          'tutorial build': () => playWarm(database, tutorial, Math.ceil(events / 5)),
          statement: () => runStatements(database, round === 0 ? 500 : 2_000),
        });
        // The first round warms up and is as long as the others: Node compiles what is hot for some thousand events.
        if (round > 0) measured.push(one);
        // By then autovacuum would have counted what was empty at the start, which nothing is in production.
        else await settle(database.admin);
      }
      const rows = rowsOf(measured);
      const repeated = size === 'quick' ? 50 : 500;
      rows.push(await deliverTenTimes(database, 'Fairshare', fairshare, repeated));
      rows.push(await deliverTenTimes(database, 'tutorial build', tutorial, repeated));
      rows.push({ who: 'Fairshare', 'peak MB': peakMegabytesOf(fairshare.server.pid) });
      await expectSoundLedger(database);
      return rows;
    } finally {
      await Promise.all([fairshare.server.stop(), tutorial.server.stop()]);
    }
  });
}

async function startFairshare(database: BenchDatabase): Promise<Recipient> {
  const { admin } = database;
  return {
    server: await startContestant('workers/serve.js', database),
    untilPosted: async () => {
      while ((await countOf(admin, `SELECT count(*) AS n FROM stripe_events WHERE status = 'pending'`)) > 0) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    countPostings: (events) =>
      countOf(
        admin,
        `SELECT count(*) AS n FROM journal_entries e JOIN commissions c ON c.id = e.commission_id
         WHERE e.kind = 'commission_earned' AND c.invoice_id = ANY ($1)`,
        [events.map(invoiceOf)],
      ),
  };
}

async function startTutorial(database: BenchDatabase): Promise<Recipient> {
  return {
    server: await startContestant('baselines/tutorial/server.mjs', database, { JWT_SECRET: SECRET }),
    // It answers when everything is written.
    untilPosted: () => Promise.resolve(),
    countPostings: (events) =>
      countOf(database.admin, `SELECT count(*) AS n FROM "Commission" WHERE "invoiceId" = ANY ($1)`, [
        events.map(invoiceOf),
      ]),
  };
}

/** Each round begins with another one, so that none always comes after one that leaves PostgreSQL much to clean up. */
async function playRound(round: number, turns: Turns): Promise<Measured> {
  const whos = ['Fairshare', 'tutorial build', 'statement'] as const;
  const first = round % whos.length;
  const measured: Partial<Record<keyof Measured, Round | number>> = {};
  for (const who of [...whos.slice(first), ...whos.slice(0, first)]) measured[who] = await turns[who]();
  return measured as Measured;
}

/** Whoever was not asked for a quarter of a minute is slower at first: half as many events go before those that count. */
async function playWarm(database: BenchDatabase, recipient: Recipient, count: number): Promise<Round> {
  await play(database, recipient, Math.ceil(count / 2));
  return play(database, recipient, count);
}

async function play({ admin }: BenchDatabase, recipient: Recipient, count: number): Promise<Round> {
  const events = newEvents(count);
  const { port, pid } = recipient.server;
  const load = await prepareLoad({ port, connections: CONNECTIONS, plan: planOf(events, 1) });
  const round = await withProcessorTime(pid, admin, async () => {
    const startedMs = performance.now();
    const result = await load.run();
    await recipient.untilPosted(events);
    return {
      events: count,
      acknowledgedSeconds: result.seconds,
      postedSeconds: (performance.now() - startedMs) / 1000,
      load: result,
    };
  });
  if (round.load.statuses['200'] !== count) throw new Error(`not all were acknowledged: ${JSON.stringify(round.load)}`);
  const postings = await recipient.countPostings(events);
  if (postings !== count) throw new Error(`${count} events were acknowledged, ${postings} postings were made`);
  return round;
}

async function runStatements(database: BenchDatabase, milliseconds: number): Promise<number> {
  const { perSecond } = await runWorker<{ perSecond: number }>('run-statements', database, {
    args: ['event', String(milliseconds)],
  });
  return perSecond;
}

/** Each event ten times at once. What the tutorial build makes of it is told, what we make of it is asserted. */
async function deliverTenTimes(
  { admin }: BenchDatabase,
  who: 'Fairshare' | 'tutorial build',
  recipient: Recipient,
  count: number,
): Promise<Row> {
  const events = newEvents(count);
  const { port } = recipient.server;
  const plan = planOf(events, COPIES);
  const { statuses, answered } = await (await prepareLoad({ port, connections: CONNECTIONS, plan })).run();
  await recipient.untilPosted(events);
  const postings = await recipient.countPostings(events);
  const acknowledged = statuses['200'] ?? 0;
  if (who === 'Fairshare') {
    const stored = await countOf(admin, 'SELECT count(*) AS n FROM stripe_events WHERE id = ANY ($1)', [events]);
    if (stored !== count || postings !== count || acknowledged !== COPIES * count) {
      throw new Error(`of ${count} events, ${stored} were stored and ${postings} posted: ${JSON.stringify(statuses)}`);
    }
  }
  return {
    who: `${who}, ten at once`,
    events: count,
    'postings an event': postings / count,
    'errors answered': answered - acknowledged,
  };
}

async function expectSoundLedger(database: BenchDatabase): Promise<void> {
  const { breaches } = await runWorker<{ breaches: number }>('verify-ledger', database);
  if (breaches > 0) throw new Error(`the ledger has ${breaches} breaches`);
}

let made = 0;

function newEvents(count: number): string[] {
  return Array.from({ length: count }, () => `evt_bench_${++made}`);
}

function invoiceOf(event: string): string {
  return event.replace('evt_', 'in_');
}

function planOf(events: string[], copies: number) {
  return { kind: 'webhooks' as const, secret: SECRET, events, customers: CUSTOMERS, copies };
}

async function countOf(admin: pg.Client, sql: string, values: unknown[] = []): Promise<number> {
  return Number((await admin.query<{ n: string }>(sql, values)).rows[0]?.n);
}

function rowsOf(measured: Measured[]): Row[] {
  const postedIn = (rounds: Round[]): number[] => rounds.map(({ events, postedSeconds }) => events / postedSeconds);
  const statements = measured.map(({ statement }) => statement);
  const tutorial = postedIn(measured.map((round) => round['tutorial build']));
  const rows: Row[] = (['Fairshare', 'tutorial build'] as const).map((who) => {
    const rounds = measured.map((round) => round[who]);
    const acknowledged = rounds.map(({ events, acknowledgedSeconds }) => events / acknowledgedSeconds);
    const posted = postedIn(rounds);
    const median = (figure: (round: Round) => number): number => medianOf(rounds.map(figure));
    return {
      who,
      'acknowledged per s': medianOf(acknowledged),
      '÷ bare insert': medianRatio(acknowledged, statements),
      'posted per s': medianOf(posted),
      '÷ tutorial': medianRatio(posted, tutorial),
      'spread %': 100 * spreadOf(posted),
      'p50 ms': median(({ load }) => load.p50Ms),
      'p99 ms': median(({ load }) => load.p99Ms),
      'Node µs': median(({ nodeSeconds, events }) => (nodeSeconds * 1e6) / events),
      'PostgreSQL µs': median(({ postgresSeconds, events }) => (postgresSeconds * 1e6) / events),
    };
  });
  rows.push({
    who: 'the insert of one event, by prepared statements',
    'acknowledged per s': medianOf(statements),
    'spread %': 100 * spreadOf(statements),
  });
  return rows;
}
