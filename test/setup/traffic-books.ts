import type { TestApp } from './app.js';
import { eventually } from './eventually.js';
import { expectSoundLedger } from './ledger.js';
import type { Traffic } from './traffic.js';
import type { WebhookReceiver } from './webhook-receiver.js';

/** 20 % of the 99.00 that each invoice is over. */
const COMMISSION_MINOR = 1980n;

/**
 * Whatever was acknowledged is there, once: clicks stored and counted, signups credited to their affiliate by their click,
 * and a commission for each invoice. Waits for what is worked on in the background.
 */
export async function expectNothingLost(api: TestApp, traffic: Traffic, withinMs?: number): Promise<void> {
  expect([...traffic.tally.keys()].filter((what) => UNHEARD_OF.has(what))).toEqual([]);
  await expectClicks(api, traffic);
  await expectReferrals(api, traffic);
  await expectCommissions(api, traffic, withinMs);
  await expectSoundLedger(api);
}

const UNHEARD_OF = new Set(['503 without Retry-After', 'visit without its code', 'signup refused']);

/** Each commission is told to the host's endpoint. */
export async function expectEverythingTold(api: TestApp, receiver: WebhookReceiver, withinMs?: number): Promise<void> {
  const earned = await api.database.prisma.commission.count();
  const told = (): Set<string> =>
    new Set(receiver.taken().flatMap(({ id, type }) => (type === 'commission.created' ? [id] : [])));
  await eventually(async () => expect(told().size).toBe(earned), withinMs);
}

async function expectClicks(api: TestApp, { clickIds }: Traffic): Promise<void> {
  const { pool } = api.database;
  const stored = await pool.query('SELECT id FROM clicks WHERE id = ANY ($1::text[])', [clickIds]);
  expect(stored.rows).toHaveLength(clickIds.length);
  const { rows } = await pool.query<{ stored: number; counted: number }>(
    `SELECT a.id, (SELECT count(*)::int FROM clicks c WHERE c.affiliate_id = a.id) AS stored,
            (SELECT coalesce(sum(clicks), 0)::int FROM click_days_now d WHERE d.affiliate_id = a.id) AS counted
     FROM affiliates a`,
  );
  expect(rows.filter(({ stored: clicks, counted }) => clicks !== counted)).toEqual([]);
}

async function expectReferrals(api: TestApp, { customers }: Traffic): Promise<void> {
  const { rows } = await api.database.pool.query<{ userId: string; code: string; clickId: string | null }>(
    `SELECT r.referred_user_id AS "userId", k.code, r.click_id AS "clickId"
     FROM referrals r JOIN affiliate_codes k ON k.affiliate_id = r.affiliate_id
     WHERE r.referred_user_id = ANY ($1::text[])`,
    [customers.map(({ userId }) => userId)],
  );
  const told = customers.map(({ userId, code, clickId }) => `${userId} ${code} ${clickId}`);
  expect(rows.map(({ userId, code, clickId }) => `${userId} ${code} ${clickId}`).sort()).toEqual(told.sort());
}

async function expectCommissions(api: TestApp, { invoices }: Traffic, withinMs?: number): Promise<void> {
  const { prisma } = api.database;
  const unfinished = { where: { status: { not: 'processed' } }, select: { id: true, status: true, lastError: true } };
  await eventually(async () => expect(await prisma.stripeEvent.findMany(unfinished)).toEqual([]), withinMs);
  const commissions = await prisma.commission.findMany({ include: { referral: true } });
  const told = [...invoices].map(([id, { userId }]) => `${id} ${userId} ${COMMISSION_MINOR}`);
  const found = commissions.map(({ invoiceId, referral, amountMinor }) => [
    invoiceId,
    `${invoiceId} ${referral.referredUserId} ${amountMinor}`,
  ]);
  // An event may have been stored although its answer was lost.
  expect(found.flatMap(([id = '', line]) => (invoices.has(id) ? [line] : [])).sort()).toEqual(told.sort());
  const { rows } = await api.database.pool.query<{ entries: number; amount: string }>(
    `SELECT count(DISTINCT e.id)::int AS entries, coalesce(-sum(p.amount_minor), 0)::text AS amount
     FROM journal_entries e JOIN postings p ON p.entry_id = e.id AND p.account = 'commission_expense'`,
  );
  expect(rows).toEqual([
    { entries: commissions.length, amount: String(BigInt(commissions.length) * COMMISSION_MINOR) },
  ]);
}
