import { openPool, serveRedirects } from './plain-redirect.js';

/** One INSERT and one commit for each click. */
const pool = await openPool(20);
await serveRedirects(async ({ id, code, ip, userAgent, referrer, occurredAt }) => {
  await pool.query({
    name: 'insert-click',
    text: 'INSERT INTO plain_clicks (id, code, ip, user_agent, referrer, occurred_at) VALUES ($1, $2, $3, $4, $5, $6)',
    values: [id, code, ip, userAgent, referrer, occurredAt],
  });
});
