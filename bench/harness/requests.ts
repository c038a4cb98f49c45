import { createHmac } from 'node:crypto';
import { invoicePaidEvent } from './stripe-events.js';

/** What a load sends, as it is handed to the process that sends it. */
export type LoadPlan =
  | { kind: 'clicks'; codes: string[]; milliseconds: number }
  | { kind: 'webhooks'; secret: string; events: string[]; customers: number; copies: number }
  | { kind: 'signups'; path: string; token: string; clickIds: string[]; prefix: string };

/** As many visitors as there are addresses here, each with a browser of these. */
const ADDRESSES = 60_000;
const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
];

/** Every request of a plan that ends by itself; for clicks, some that are sent over and over until the time is up. */
export function requestsOf(plan: LoadPlan): Buffer[] {
  if (plan.kind === 'clicks') return clicks(plan.codes);
  if (plan.kind === 'webhooks') return webhooks(plan);
  return plan.clickIds.map((clickId, n) =>
    post(
      plan.path,
      JSON.stringify({
        referredUserId: `${plan.prefix}-${n}`,
        clickId,
        ip: `198.51.${(n >> 8) & 255}.${n & 255}`,
        email: `${plan.prefix}-${n}@customers.example.org`,
      }),
      { authorization: `Bearer ${plan.token}` },
    ),
  );
}

function clicks(codes: string[]): Buffer[] {
  return Array.from({ length: ADDRESSES }, (_, n) =>
    Buffer.from(
      [
        `GET /r/${codes[(n * 7919) % codes.length]} HTTP/1.1`,
        'host: links.example.com',
        `user-agent: ${BROWSERS[n % BROWSERS.length]}`,
        `x-forwarded-for: 10.${(n >> 8) & 255}.${n & 255}.7`,
        'referer: https://blog.example.org/best-tools',
        'accept: text/html,application/xhtml+xml',
        '\r\n',
      ].join('\r\n'),
    ),
  );
}

/** The copies of an event follow each other, so that they are under way at the same time. */
function webhooks(plan: Extract<LoadPlan, { kind: 'webhooks' }>): Buffer[] {
  const timestamp = Math.floor(Date.now() / 1000);
  return plan.events.flatMap((id, n) => {
    const body = JSON.stringify(invoicePaidEvent(id, (n % plan.customers) + 1, timestamp));
    const signature = createHmac('sha256', plan.secret).update(`${timestamp}.${body}`).digest('hex');
    const request = post('/stripe/webhooks', body, { 'stripe-signature': `t=${timestamp},v1=${signature}` });
    return Array.from({ length: plan.copies }, () => request);
  });
}

function post(path: string, body: string, headers: Record<string, string>): Buffer {
  return Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      'host: api.example.com',
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `\r\n${body}`,
    ].join('\r\n'),
  );
}
