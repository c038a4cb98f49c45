import { openPool, serveRedirects, type PlainClick } from './plain-redirect.js';

/**
 * The ceiling: nothing but the insert of all clicks that arrived while the last insert was under way, each answered when
 * it is durable. No code is looked up, nobody is counted, and nothing is ever tried again.
 */
const pool = await openPool(1);
let waiting: { click: PlainClick; done: () => void; fail: (error: unknown) => void }[] = [];
let isWriting = false;

async function write(): Promise<void> {
  isWriting = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    try {
      await pool.query({
        name: 'insert-clicks',
        text: `INSERT INTO plain_clicks (id, code, ip, user_agent, referrer, occurred_at)
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])`,
        values: [
          batch.map(({ click }) => click.id),
          batch.map(({ click }) => click.code),
          batch.map(({ click }) => click.ip),
          batch.map(({ click }) => click.userAgent),
          batch.map(({ click }) => click.referrer),
          batch.map(({ click }) => click.occurredAt),
        ],
      });
      for (const { done } of batch) done();
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }
  isWriting = false;
}

await serveRedirects(
  (click) =>
    new Promise<void>((done, fail) => {
      waiting.push({ click, done, fail });
      if (!isWriting) void write();
    }),
);
