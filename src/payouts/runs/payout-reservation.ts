import { Injectable, Logger } from '@nestjs/common';
import { Prisma, type PayoutRun } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { balanceKey, lockBalances, type BalanceKey } from '../../commissions/ledger/balances.js';
import { Ledger } from '../../commissions/ledger/ledger.js';
import { Config } from '../../config/config.js';
import { Database, type Tx } from '../../database/database.js';
import { hasHoldingCase } from '../../fraud/holding-cases.js';
import { skipReason, type SkipReason } from '../eligibility/eligibility.js';
import { unlinedItems } from '../eligibility/payout-items.js';

/** Balances per transaction: enough to make each statement worth its round trip, few enough to hold locks shortly. */
const BATCH_SIZE = 500;

interface Candidate extends BalanceKey {
  unlinedMinor: bigint;
  takenMinor: bigint;
  affiliateStatus: string;
  underReview: boolean;
  stripeAccountId: string | null;
  detailsSubmitted: boolean;
}

interface NewPayout extends BalanceKey {
  id: string;
  amountMinor: bigint;
  destination: string;
}

/** First half of a run: decides who gets what, and sets the money aside. Needs no network. */
@Injectable()
export class PayoutReservation {
  private readonly logger = new Logger(PayoutReservation.name);

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly ids: IdGenerator,
    private readonly ledger: Ledger,
  ) {}

  /**
   * Reserves the payouts of a run that is `reserving`, in batches of one transaction each; may be stopped and resumed
   * anywhere, and run by several processes at once. Each batch locks the run (shared) and its balances.
   */
  async reserveAll(run: PayoutRun): Promise<void> {
    let after: BalanceKey = { affiliateId: '', currency: '' };
    for (;;) {
      const keys = await this.database.prisma.$queryRaw<BalanceKey[]>`
        SELECT affiliate_id AS "affiliateId", currency FROM balances
        WHERE payable_minor <> 0 AND (affiliate_id, currency) > (${after.affiliateId}, ${after.currency})
        ORDER BY affiliate_id, currency LIMIT ${BATCH_SIZE}`;
      const last = keys.at(-1);
      if (!last) return;
      const goesOn = await this.database.transaction((tx) => this.reserveBatch(tx, run, keys));
      if (!goesOn) return;
      after = last;
    }
  }

  /** @returns false when the run is no longer reserving: another process has finished it. */
  private async reserveBatch(tx: Tx, run: PayoutRun, keys: BalanceKey[]): Promise<boolean> {
    // Shared with other reservers; whoever ends the reserving waits for all of them.
    const [current] = await tx.$queryRaw<
      { status: string }[]
    >`SELECT status FROM payout_runs WHERE id = ${run.id} FOR SHARE`;
    if (current?.status !== 'reserving') return false;
    await this.decide(tx, run, keys, undecidedIn(run));
    return true;
  }

  /**
   * Decides anew, by today's state, about balances of which the run's payout failed or was canceled. Locks the balances;
   * the caller has locked the run.
   *
   * @returns how many payouts were made.
   */
  async reserveAgain(tx: Tx, run: PayoutRun, keys: BalanceKey[]): Promise<number> {
    await lockBalances(tx, keys);
    await tx.$executeRaw`
      DELETE FROM payout_skips WHERE run_id = ${run.id} AND (affiliate_id, currency) IN (SELECT * FROM ${wanted(keys)})`;
    return this.decide(tx, run, keys, withoutPayoutIn(run));
  }

  /** @returns how many payouts were made. */
  private async decide(tx: Tx, run: PayoutRun, keys: BalanceKey[], open: Prisma.Sql): Promise<number> {
    const balances = await lockBalances(tx, keys);
    const payouts: NewPayout[] = [];
    const skips: (BalanceKey & { reason: SkipReason; amountMinor: bigint })[] = [];
    for (const candidate of await this.candidates(tx, run, keys, open)) {
      const { affiliateId, currency, takenMinor: amountMinor, unlinedMinor, stripeAccountId } = candidate;
      if (unlinedMinor !== balances.get(balanceKey(candidate))?.payableMinor) {
        this.logger.error({
          message: 'unlined postings differ from the payable balance: not paid',
          affiliateId,
          currency,
        });
        continue;
      }
      if (amountMinor === 0n) continue;
      // Whether the account may be paid is asked afresh before sending; here only whether there is one.
      const reason = skipReason({
        ...candidate,
        amountMinor,
        minimumMinor: this.config.minPayoutMinor(currency),
        payoutsEnabled: true,
        currencyHeld: true,
      });
      if (reason !== null || stripeAccountId === null) {
        skips.push({ affiliateId, currency, reason: reason ?? 'not_onboarded', amountMinor });
      } else {
        payouts.push({ id: this.ids.next('payout'), affiliateId, currency, amountMinor, destination: stripeAccountId });
      }
    }
    if (skips.length > 0) {
      await tx.payoutSkip.createMany({ data: skips.map((skip) => ({ ...skip, runId: run.id })), skipDuplicates: true });
    }
    if (payouts.length > 0) await this.reserve(tx, run, payouts);
    return payouts.length;
  }

  /** What each balance that is still open in the run would be paid. */
  private candidates(tx: Tx, run: PayoutRun, keys: BalanceKey[], open: Prisma.Sql): Promise<Candidate[]> {
    const balances = Prisma.sql`
      SELECT b.affiliate_id, b.currency, b.first_unlined_seq FROM balances b
      JOIN ${wanted(keys)} USING (affiliate_id, currency)
      WHERE ${open}`;
    return tx.$queryRaw<Candidate[]>`
      SELECT i.affiliate_id AS "affiliateId", i.currency, i.unlined AS "unlinedMinor", i.taken AS "takenMinor",
             a.status AS "affiliateStatus", ${hasHoldingCase(Prisma.sql`a.id`)} AS "underReview",
             a.stripe_account_id AS "stripeAccountId", a.details_submitted AS "detailsSubmitted"
      FROM (
        SELECT affiliate_id, currency, sum(amount_minor)::bigint AS unlined,
               coalesce(sum(amount_minor) FILTER (WHERE taken), 0)::bigint AS taken
        FROM (${unlinedItems(balances, run.cutOff)}) item GROUP BY affiliate_id, currency
      ) i JOIN affiliates a ON a.id = i.affiliate_id
      ORDER BY i.affiliate_id, i.currency`;
  }

  private async reserve(tx: Tx, run: PayoutRun, payouts: NewPayout[]): Promise<void> {
    const createdAt = this.clock.now();
    await tx.payout.createMany({
      data: payouts.map((payout) => ({ ...payout, runId: run.id, status: 'pending', createdAt })),
    });
    const ids = payouts.map((payout) => payout.id);
    const balances = Prisma.sql`
      SELECT b.affiliate_id, b.currency, b.first_unlined_seq FROM balances b
      JOIN payouts po ON po.affiliate_id = b.affiliate_id AND po.currency = b.currency WHERE po.id = ANY(${ids}::text[])`;
    await tx.$executeRaw`
      INSERT INTO payout_lines (payout_id, affiliate_id, currency, seq, amount_minor)
      SELECT po.id, item.affiliate_id, item.currency, item.seq, item.amount_minor
      FROM (${unlinedItems(balances, run.cutOff)}) item
      JOIN payouts po ON po.id = ANY(${ids}::text[]) AND po.affiliate_id = item.affiliate_id AND po.currency = item.currency
      WHERE item.taken`;
    await this.ledger.post(
      tx,
      payouts.map(({ id, affiliateId, currency, amountMinor }) => ({
        kind: 'payout_reserved' as const,
        uniqueKey: `payout_reserved:${id}`,
        facts: { payoutId: id, amountMinor, period: run.period },
        affiliateId,
        currency,
        from: 'payable' as const,
        to: 'in_payout' as const,
        amountMinor,
        occurredAt: run.cutOff,
        payoutId: id,
      })),
    );
    // What lies before the first posting that is still unlined never has to be read again.
    await tx.$executeRaw`
      UPDATE balances b SET first_unlined_seq = coalesce(rest.seq, b.last_seq + 1)
      FROM payouts po
      LEFT JOIN (SELECT affiliate_id, currency, min(seq) AS seq FROM (${unlinedItems(balances, run.cutOff)}) item GROUP BY 1, 2) rest
        ON rest.affiliate_id = po.affiliate_id AND rest.currency = po.currency
      WHERE po.id = ANY(${ids}::text[]) AND b.affiliate_id = po.affiliate_id AND b.currency = po.currency`;
  }
}

function wanted(keys: BalanceKey[]): Prisma.Sql {
  return Prisma.sql`
    unnest(${keys.map((key) => key.affiliateId)}::text[], ${keys.map((key) => key.currency)}::text[])
      AS wanted (affiliate_id, currency)`;
}

/** The balances `b` about which the run has not decided yet. */
function undecidedIn({ id }: PayoutRun): Prisma.Sql {
  return Prisma.sql`
    NOT EXISTS (SELECT 1 FROM payouts po WHERE po.run_id = ${id} AND po.affiliate_id = b.affiliate_id AND po.currency = b.currency)
    AND NOT EXISTS (SELECT 1 FROM payout_skips s WHERE s.run_id = ${id} AND s.affiliate_id = b.affiliate_id AND s.currency = b.currency)`;
}

/** The balances `b` that have no payout in the run which was or may still be paid. */
function withoutPayoutIn({ id }: PayoutRun): Prisma.Sql {
  return Prisma.sql`
    NOT EXISTS (
      SELECT 1 FROM payouts po
      WHERE po.run_id = ${id} AND po.affiliate_id = b.affiliate_id AND po.currency = b.currency
        AND po.status NOT IN ('failed', 'canceled'))`;
}
