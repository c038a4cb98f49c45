import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type pg from 'pg';

interface StoredTransfer {
  id: string;
  payoutId: string;
  amount: number;
  reversed: number;
  currency: string;
  destination: string;
  created: number;
}

/** Stripe's list of transfers as the seeded ledger says it must be, served page by page as Stripe does. */
export async function serveTransfers(session: pg.Client): Promise<{ url: string; stop(): Promise<void> }> {
  const { rows } = await session.query<StoredTransfer>(`
    SELECT id, payout_id AS "payoutId", amount_minor::float8 AS amount, amount_reversed_minor::float8 AS reversed, currency,
           destination, floor(extract(epoch FROM created_at))::float8 AS created
    FROM stripe_transfers ORDER BY created_at DESC, id DESC`);
  const places = new Map(rows.map(({ id }, place) => [id, place]));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://stripe');
    response.setHeader('content-type', 'application/json');
    // Whose the key is, which is asked before anything else.
    if (pathname === '/v1/account') return response.end(JSON.stringify({ object: 'account', id: 'acct_bench' }));
    const after = searchParams.get('starting_after');
    const start = after === null ? 0 : (places.get(after) ?? rows.length) + 1;
    const end = start + Number(searchParams.get('limit') ?? 10);
    const page = { object: 'list', url: '/v1/transfers', has_more: end < rows.length };
    return response.end(JSON.stringify({ ...page, data: rows.slice(start, end).map(asStripe) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function asStripe({ id, payoutId, amount, reversed, currency, destination, created }: StoredTransfer): object {
  const reversal = { object: 'transfer_reversal', id: `trr_${id}`, amount: reversed, currency, created, transfer: id };
  return {
    object: 'transfer',
    id,
    amount,
    amount_reversed: reversed,
    currency,
    destination,
    created,
    reversed: reversed === amount,
    transfer_group: payoutId,
    metadata: { payoutId },
    livemode: false,
    reversals: { object: 'list', data: reversed > 0 ? [reversal] : [], has_more: false },
  };
}
