import { randomBytes } from 'node:crypto';
import fastify from 'fastify';
import pg from 'pg';

/** What a click is at the least. */
export interface PlainClick {
  id: string;
  code: string;
  ip: string;
  userAgent: string | null;
  referrer: string | null;
  occurredAt: string;
}

/** A table with nothing but its primary key. */
export const PLAIN_CLICKS = `
  CREATE TABLE IF NOT EXISTS plain_clicks (
    id TEXT PRIMARY KEY, code TEXT NOT NULL, ip TEXT NOT NULL, user_agent TEXT, referrer TEXT, occurred_at TIMESTAMPTZ NOT NULL
  )`;

/** Fastify alone with one route that redirects, once `record` has done with the click. */
export async function serveRedirects(record: (click: PlainClick) => Promise<void> | undefined): Promise<void> {
  const server = fastify({ trustProxy: (_address, hop) => hop < 1 });
  server.get('/r/:code', async (request, reply) => {
    const { code } = request.params as { code: string };
    const id = nextId();
    await record({
      id,
      code,
      ip: request.ip,
      userAgent: request.headers['user-agent'] ?? null,
      referrer: request.headers.referer ?? null,
      occurredAt: new Date().toISOString(),
    });
    return reply
      .header('set-cookie', `fs_click=${id}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax`)
      .redirect(`https://app.example.com/?ref=${code}&click_id=${id}`, 302);
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  process.send?.({ port: (server.server.address() as { port: number }).port });
}

export async function openPool(max: number): Promise<pg.Pool> {
  const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max });
  await pool.query('SELECT 1');
  return pool;
}

const origin = randomBytes(4).toString('hex');
let made = 0;

/** In the order of time, so that the index grows at its end. */
function nextId(): string {
  return `clk_${Date.now().toString(36)}${String(made++).padStart(9, '0')}${origin}`;
}
