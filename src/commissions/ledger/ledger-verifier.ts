import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { WITHOUT_TIME_LIMIT } from '../../database/time-limit.js';
import { formatHead, SEAL_CHECKS, type ChainHead } from './journal-seal.js';

export interface Invariant {
  name: string;
  /** How many things were looked at. */
  checked: bigint;
  /** The first few that break it, in words with ids. */
  breaches: string[];
}

export interface VerificationReport {
  ok: boolean;
  invariants: Invariant[];
  /** The last seal; null before the first. */
  head: ChainHead | null;
  /** Entries that have no seal yet, which is no breach: they are sealed within a minute while the service runs. */
  unsealed: bigint;
  /** Those of them that should have been sealed long ago. */
  overdue: bigint;
}

const SHOWN_BREACHES = 10;

/** The sealer runs each minute; an entry that is older than this was forgotten by it. */
const SEALED_WITHIN_MS = 60 * 60 * 1000;

/**
 * Proves the ledger (ARCHITECTURE.md, "Invariants"): every figure is worked out again from the postings, and every seal from
 * what it was taken of. Reads only, in one snapshot, and leaves the work to PostgreSQL, so memory stays flat at any size.
 */
@Injectable()
export class LedgerVerifier {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  /** @param noted a head that was kept elsewhere: the chain must still have it. */
  async verify(noted?: ChainHead): Promise<VerificationReport> {
    const client = await this.database.connectToRead();
    let isInTransaction = true;
    try {
      await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${WITHOUT_TIME_LIMIT}`);
      const invariants = noted ? [await checkNoted(client, noted)] : [];
      for (const { name, count, breaches } of CHECKS) {
        const { rows: counted } = await client.query<{ n: string }>(count);
        const { rows } = await client.query<{ breach: string }>(`${breaches} LIMIT ${SHOWN_BREACHES}`);
        invariants.push({ name, checked: BigInt(counted[0]?.n ?? 0), breaches: rows.map((row) => row.breach) });
      }
      const sealing = await this.sealing(client);
      await client.query('COMMIT');
      isInTransaction = false;
      return { ok: invariants.every((invariant) => invariant.breaches.length === 0), invariants, ...sealing };
    } finally {
      // After an error the connection is closed, and its transaction with it.
      client.release(isInTransaction);
    }
  }

  private async sealing(client: pg.PoolClient): Promise<Pick<VerificationReport, 'head' | 'unsealed' | 'overdue'>> {
    const heads = await client.query<{ number: string; hash: Buffer }>(
      'SELECT number, hash FROM journal_seals ORDER BY number DESC LIMIT 1',
    );
    const waiting = await client.query<{ unsealed: string; overdue: string }>(
      `SELECT count(*) AS unsealed, count(*) FILTER (WHERE coalesce(e.recorded_at, a.recorded_at) < $1) AS overdue
       FROM journal_unsealed u
       LEFT JOIN journal_entries e ON e.id = u.entry_id
       LEFT JOIN audit_log a ON a.id = u.entry_id`,
      [new Date(this.clock.now().getTime() - SEALED_WITHIN_MS)],
    );
    const head = heads.rows[0];
    return {
      head: head ? { number: BigInt(head.number), hash: head.hash } : null,
      unsealed: BigInt(waiting.rows[0]?.unsealed ?? 0),
      overdue: BigInt(waiting.rows[0]?.overdue ?? 0),
    };
  }
}

async function checkNoted(client: pg.PoolClient, noted: ChainHead): Promise<Invariant> {
  const { rowCount } = await client.query('SELECT 1 FROM journal_seals WHERE number = $1 AND hash = $2', [
    noted.number.toString(),
    noted.hash,
  ]);
  const breach = `seal ${formatHead(noted)} is not in it any more: what came up to it was rewritten or cut off`;
  return { name: 'the chain has the noted seal', checked: 1n, breaches: rowCount === 1 ? [] : [breach] };
}

const POSTINGS_BY_BALANCE = `
  SELECT affiliate_id, currency, max(seq) AS last_seq, count(*) AS postings,
         coalesce(sum(amount_minor) FILTER (WHERE account = 'held'), 0) AS held,
         coalesce(sum(amount_minor) FILTER (WHERE account = 'payable'), 0) AS payable,
         coalesce(sum(amount_minor) FILTER (WHERE account = 'in_payout'), 0) AS in_payout,
         coalesce(sum(amount_minor) FILTER (WHERE account = 'paid_out'), 0) AS paid_out,
         coalesce(-sum(amount_minor) FILTER (WHERE account = 'commission_expense'), 0) AS earned
  FROM postings GROUP BY affiliate_id, currency`;

const CHECKS: { name: string; count: string; breaches: string }[] = [
  // First, because it names what was done; what follows from it comes after.
  ...SEAL_CHECKS,
  {
    name: 'every entry sums to zero',
    count: 'SELECT count(*) AS n FROM journal_entries',
    breaches: `
      SELECT format('entry %s: %s postings, sum %s', e.id, count(p.seq), coalesce(sum(p.amount_minor), 0)) AS breach
      FROM journal_entries e LEFT JOIN postings p ON p.entry_id = e.id
      GROUP BY e.id HAVING count(p.seq) < 2 OR sum(p.amount_minor) <> 0
        OR bool_or(p.currency <> e.currency OR p.affiliate_id <> e.affiliate_id)
      UNION ALL
      SELECT format('posting %s of %s in %s names no entry: %s', p.seq, p.affiliate_id, p.currency, p.entry_id)
      FROM postings p LEFT JOIN journal_entries e ON e.id = p.entry_id WHERE e.id IS NULL`,
  },
  {
    name: 'every balance equals its postings',
    count: 'SELECT count(*) AS n FROM postings',
    breaches: `
      SELECT format('balance of %s in %s', affiliate_id, currency) AS breach
      FROM balances b FULL JOIN (${POSTINGS_BY_BALANCE}) s USING (affiliate_id, currency)
      WHERE (coalesce(b.held_minor, 0), coalesce(b.payable_minor, 0), coalesce(b.in_payout_minor, 0),
             coalesce(b.paid_out_minor, 0), coalesce(b.lifetime_earned_minor, 0), coalesce(b.last_seq, 0), coalesce(b.last_seq, 0))
        IS DISTINCT FROM (coalesce(s.held, 0), coalesce(s.payable, 0), coalesce(s.in_payout, 0), coalesce(s.paid_out, 0),
             coalesce(s.earned, 0), coalesce(s.last_seq, 0), coalesce(s.postings, 0))`,
  },
  {
    name: 'payable postings say since when',
    count: "SELECT count(*) AS n FROM postings WHERE account = 'payable'",
    breaches: `
      SELECT format('posting %s of %s in %s: payable since %s, by the journal since %s', seq, affiliate_id, currency,
                    coalesce(payable_since::text, 'never'), coalesce(since::text, 'never')) AS breach
      FROM (
        SELECT p.affiliate_id, p.currency, p.seq, p.payable_since,
               CASE WHEN e.kind NOT IN ('payout_reserved', 'payout_returned')
                 THEN first_value(e.occurred_at) OVER (PARTITION BY coalesce(e.commission_id, e.id) ORDER BY p.seq) END AS since
        FROM postings p JOIN journal_entries e ON e.id = p.entry_id
        WHERE p.account = 'payable'
      ) payable
      WHERE payable_since IS DISTINCT FROM since`,
  },
  {
    name: 'commissions net from 0 to their amount',
    count: 'SELECT count(*) AS n FROM commissions',
    breaches: `
      SELECT format('commission %s: net %s of %s', c.id, coalesce(s.net, 0), c.amount_minor) AS breach
      FROM commissions c LEFT JOIN (
        SELECT e.commission_id, -sum(p.amount_minor) AS net
        FROM journal_entries e JOIN postings p ON p.entry_id = e.id
        WHERE p.account = 'commission_expense' AND e.commission_id IS NOT NULL GROUP BY e.commission_id
      ) s ON s.commission_id = c.id
      WHERE s.net IS NULL OR s.net < 0 OR s.net > c.amount_minor`,
  },
  {
    name: 'every referral earned what its postings say',
    count: 'SELECT count(*) AS n FROM referral_earnings',
    breaches: `
      SELECT format('referral %s in %s: %s earned, by its postings %s', referral_id, currency, coalesce(r.earned_minor, 0),
                    coalesce(s.earned, 0)) AS breach
      FROM referral_earnings r FULL JOIN (
        SELECT c.referral_id, p.currency, -sum(p.amount_minor) AS earned
        FROM postings p JOIN journal_entries e ON e.id = p.entry_id JOIN commissions c ON c.id = e.commission_id
        WHERE p.account = 'commission_expense' GROUP BY c.referral_id, p.currency
      ) s USING (referral_id, currency)
      WHERE coalesce(r.earned_minor, 0) <> coalesce(s.earned, 0)`,
  },
  {
    name: 'every payout equals its lines',
    count: 'SELECT count(*) AS n FROM payouts',
    breaches: `
      SELECT format('payout %s: amount %s, lines %s', po.id, po.amount_minor, coalesce(sum(l.amount_minor), 0)) AS breach
      FROM payouts po LEFT JOIN payout_lines l ON l.payout_id = po.id
      GROUP BY po.id HAVING coalesce(sum(l.amount_minor), 0) <> po.amount_minor
        OR bool_or((l.affiliate_id, l.currency) <> (po.affiliate_id, po.currency))
        OR bool_or((l.released_at IS NULL) <> (po.status IN ('pending', 'paid', 'reversed')))`,
  },
  {
    // An item that the payout did not mean to take, or one that is missing, shows in the count or the sum.
    name: 'every payout line equals its items',
    count: 'SELECT coalesce(sum(item_count), 0) AS n FROM payout_lines',
    breaches: `
      SELECT format('line %s to %s of payout %s: %s items of %s, in the ledger %s of %s', l.first_seq, l.last_seq, l.payout_id,
                    l.item_count, l.amount_minor, item.count, item.amount) AS breach
      FROM payout_lines l
      CROSS JOIN LATERAL (
        SELECT count(*) AS count, coalesce(sum(p.amount_minor), 0) AS amount, min(p.seq) AS first_seq, max(p.seq) AS last_seq
        FROM postings p
        WHERE p.affiliate_id = l.affiliate_id AND p.currency = l.currency AND p.seq BETWEEN l.first_seq AND l.last_seq
          AND p.payable_since IS NOT NULL
      ) item
      WHERE (item.count, item.amount, item.first_seq, item.last_seq)
        IS DISTINCT FROM (l.item_count::bigint, l.amount_minor::numeric, l.first_seq, l.last_seq)`,
  },
  {
    name: 'no posting is in two payouts',
    count: 'SELECT count(*) AS n FROM payout_lines WHERE released_at IS NULL',
    breaches: `
      SELECT format('postings from %s to %s of %s in %s stand in two live payouts, one of them %s', first_seq, least(last_seq, reached),
                    affiliate_id, currency, payout_id) AS breach
      FROM (
        SELECT l.*, max(last_seq) OVER (PARTITION BY affiliate_id, currency ORDER BY first_seq, last_seq
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
        FROM payout_lines l WHERE released_at IS NULL
      ) line
      WHERE first_seq <= reached`,
  },
  {
    name: 'unpaid postings equal what is payable',
    count: 'SELECT count(*) AS n FROM balances',
    breaches: `
      SELECT format('balance of %s in %s: payable %s, unlined postings %s', b.affiliate_id, b.currency, b.payable_minor,
                    coalesce(s.unlined, 0)) AS breach
      FROM balances b LEFT JOIN (
        SELECT p.affiliate_id, p.currency, sum(p.amount_minor) AS unlined, min(p.seq) AS first_seq
        FROM postings p
        JOIN journal_entries e ON e.id = p.entry_id
        LEFT JOIN (
          SELECT affiliate_id, currency, range_agg(int8range(first_seq, last_seq, '[]')) AS ranges
          FROM payout_lines WHERE released_at IS NULL GROUP BY affiliate_id, currency
        ) lined ON lined.affiliate_id = p.affiliate_id AND lined.currency = p.currency
        WHERE p.account = 'payable' AND e.kind NOT IN ('payout_reserved', 'payout_returned')
          AND (lined.ranges IS NULL OR NOT lined.ranges @> p.seq)
        GROUP BY p.affiliate_id, p.currency
      ) s USING (affiliate_id, currency)
      WHERE b.payable_minor <> coalesce(s.unlined, 0) OR s.first_seq < b.first_unlined_seq`,
  },
  {
    name: 'payouts equal what was reserved and paid',
    count: 'SELECT count(*) AS n FROM payouts',
    breaches: `
      SELECT format('payouts of %s in %s: in payout %s, paid out %s', b.affiliate_id, b.currency, b.in_payout_minor,
                    b.paid_out_minor) AS breach
      FROM balances b LEFT JOIN (
        SELECT affiliate_id, currency, coalesce(sum(amount_minor) FILTER (WHERE status = 'pending'), 0) AS pending,
               coalesce(sum(amount_minor - amount_reversed_minor) FILTER (WHERE status IN ('paid', 'reversed')), 0) AS paid
        FROM payouts GROUP BY affiliate_id, currency
      ) s USING (affiliate_id, currency)
      WHERE b.in_payout_minor <> coalesce(s.pending, 0) OR b.paid_out_minor <> coalesce(s.paid, 0)`,
  },
  {
    name: 'every run that is over keeps what its payouts come to',
    count: 'SELECT count(*) AS n FROM payout_runs WHERE outcome IS NOT NULL',
    breaches: `
      SELECT format('run %s: keeps %s %s payouts of %s %s, and has %s of %s', period, coalesce(kept.count, 0), status,
                    coalesce(kept.amount, 0), currency, coalesce(found.count, 0), coalesce(found.amount, 0)) AS breach
      FROM (
        SELECT r.period, p.currency, p.status, p.count, p."amountMinor" AS amount
        FROM payout_runs r
        CROSS JOIN LATERAL jsonb_to_recordset(r.outcome -> 'payouts')
          AS p (currency text, status text, count bigint, "amountMinor" numeric)
      ) kept
      FULL JOIN (
        SELECT r.period, p.currency, CASE p.status WHEN 'reversed' THEN 'paid' ELSE p.status END AS status, count(*) AS count,
               sum(p.amount_minor) AS amount
        FROM payouts p JOIN payout_runs r ON r.id = p.run_id
        WHERE r.outcome IS NOT NULL GROUP BY 1, 2, 3
      ) found USING (period, currency, status)
      WHERE (kept.count, kept.amount) IS DISTINCT FROM (found.count, found.amount)`,
  },
];
