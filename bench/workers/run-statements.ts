import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { SystemClock } from '../../src/common/clock.js';
import { IdGenerator } from '../../src/common/ids.js';
import { insertClicks } from '../../src/referrals/clicks/insert-clicks.js';
import { invoicePaidEvent } from '../harness/stripe-events.js';
import { report } from '../harness/worker.js';

/**
 * What pgbench would do, which is not among the programs of the embedded PostgreSQL: the product's own statement, prepared,
 * for one row each and one commit each, over and over by many clients, without anything around it.
 */
const CLIENTS = 32;
/** As whoever it is compared with: Node compiles what is hot, and each connection plans its statement. */
const WARM_UP_MS = 1_000;
const [statement, milliseconds, affiliates] = process.argv.slice(2);

const clock = new SystemClock();
const ids = new IdGenerator(clock);

async function insertOneClick(client: pg.Client, n: number): Promise<void> {
  const affiliate = (n * 7919) % Number(affiliates);
  await insertClicks(
    async (query) => (await client.query<{ affiliateId: string }>(query)).rows,
    [
      {
        id: ids.next('click'),
        affiliateId: `aff_01${String(affiliate + 1).padStart(24, '0')}`,
        code: `CODE-${affiliate + 1}`,
        source: 'redirect',
        url: null,
        referrer: 'https://blog.example.org/best-tools',
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
        subId: null,
        ipHash: randomUUID().replaceAll('-', ''),
        visitorHash: randomUUID().replaceAll('-', ''),
        occurredAt: clock.now(),
      },
    ],
  );
}

async function insertOneEvent(client: pg.Client, n: number): Promise<void> {
  const id = `evt_statement_${process.pid}_${n}`;
  await client.query({
    name: 'insert-event',
    text: `INSERT INTO stripe_events (id, type, api_version, account_id, livemode, payload, status, received_at)
           VALUES ($1, 'invoice.paid', '2026-10-28.endive', NULL, FALSE, $2::jsonb, 'processed', now()) ON CONFLICT (id) DO NOTHING`,
    values: [id, JSON.stringify(invoicePaidEvent(id, n, Math.floor(clock.now().getTime() / 1000)))],
  });
}

const run = statement === 'click' ? insertOneClick : insertOneEvent;
const clients = await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    const client = new pg.Client({ connectionString: process.env['DATABASE_URL'] });
    await client.connect();
    return client;
  }),
);
let started = 0;

/** @returns how many were committed until the time was up. */
async function runFor(forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let committed = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < endMs) {
        await run(client, started++);
        committed += 1;
      }
    }),
  );
  return committed;
}

const warmingUp = await runFor(WARM_UP_MS);
const startedMs = performance.now();
const committed = await runFor(Number(milliseconds));
const seconds = (performance.now() - startedMs) / 1000;
await Promise.all(clients.map((client) => client.end()));
report({ perSecond: committed / seconds, committed: warmingUp + committed });
