import { Injectable, Logger } from '@nestjs/common';
import { Prisma, type PayoutRun } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import {
  lockExistingBalances,
  unnested,
  type BalanceKey,
  type LockedBalance,
} from '../../commissions/ledger/balances.js';
import { Ledger } from '../../commissions/ledger/ledger.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { workInLanes } from '../../database/lanes.js';
import { planOnceByIndex } from '../../database/plan-by-index.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import { FraudEvaluation } from '../../fraud/fraud-evaluation.service.js';
import { hasHoldingCase } from '../../fraud/holding-cases.js';
import { skipReason, type SkipReason } from '../eligibility/eligibility.js';
import { PlatformFunds } from '../eligibility/platform-funds.js';
import { itemTotals } from '../eligibility/item-totals.js';
import { reservedEntry } from '../payout-entries.js';
import { BalanceCursor } from './balance-cursor.js';
import { insertLines, type TakenItems } from './insert-lines.js';

/** Batches at the same time: PostgreSQL works on two while the others are prepared, or wait for the disk. */
const LANES = 4;

export interface ReservationOptions {
  /** The currencies that the platform's balance lists; null when nobody could ask, which keeps nobody from being paid. */
  heldCurrencies: ReadonlySet<string> | null;
}

interface Candidate extends TakenItems {
  payableMinor: bigint;
  unlinedMinor: bigint;
  /** The first of what this run leaves; null when it takes all. */
  firstLeftSeq: bigint | null;
  /** The last of all that was posted. */
  lastSeq: bigint;
  affiliateStatus: string;
  underReview: boolean;
  stripeAccountId: string | null;
  detailsSubmitted: boolean;
}

interface NewPayout extends Candidate {
  id: string;
  destination: string;
}

interface NewSkip extends BalanceKey {
  reason: SkipReason;
  takenMinor: bigint;
}

/** First half of a run: decides who gets what, and sets the money aside. */
@Injectable()
export class PayoutReservation {
  private readonly logger = new Logger(PayoutReservation.name);

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly ids: IdGenerator,
    private readonly ledger: Ledger,
    private readonly fraud: FraudEvaluation,
    private readonly platformFunds: PlatformFunds,
  ) {}

  /**
   * Reserves the payouts of a run that is `reserving`, in batches of one transaction each; may be stopped and resumed
   * anywhere, and run by several processes at once. Each batch locks the run (shared) and its balances, and decides
   * about a balance only where the run has not decided yet. An error ends it after the batches that are under way. Before
   * the first batch the fraud rules that ask before each run look at everybody, and the provider is asked which currencies
   * the platform holds.
   */
  async reserveAll(run: PayoutRun): Promise<void> {
    await this.fraud.evaluateBeforeRun();
    const options = { heldCurrencies: await this.platformFunds.findHeldCurrencies() };
    const balances = new BalanceCursor(this.database);
    await workInLanes(
      LANES,
      () => balances.next(),
      (keys) => this.database.sqlTransaction((tx) => this.reserveBatch(tx, run, keys, options)),
    );
  }

  /** @returns false when the run is no longer reserving: another process has finished it. */
  private async reserveBatch(
    tx: SqlTx,
    run: PayoutRun,
    keys: BalanceKey[],
    options: ReservationOptions,
  ): Promise<boolean> {
    // Shared with other reservers; whoever ends the reserving waits for all of them.
    const [current] = await tx.$queryRaw<
      { status: string }[]
    >`SELECT status FROM payout_runs WHERE id = ${run.id} FOR SHARE`;
    if (current?.status !== 'reserving') return false;
    await this.decide(tx, run, keys, { ...options, decided: decidedIn(run) });
    return true;
  }

  /**
   * Decides anew, by today's state, about balances of which the run's payout failed or was canceled. Locks the balances;
   * the caller has locked the run.
   *
   * @returns how many payouts were made.
   */
  async reserveAgain(tx: SqlTx, run: PayoutRun, keys: BalanceKey[], options: ReservationOptions): Promise<number> {
    await lockExistingBalances(tx, keys);
    await tx.$executeRaw`
      DELETE FROM payout_skips WHERE run_id = ${run.id} AND (affiliate_id, currency) IN (SELECT * FROM ${unnested(keys)})`;
    return this.decide(tx, run, keys, { ...options, decided: standingPayoutIn(run) });
  }

  /**
   * Locks the balances and decides about those for which `decided` finds nothing.
   *
   * @returns how many payouts were made.
   */
  private async decide(
    tx: SqlTx,
    run: PayoutRun,
    keys: BalanceKey[],
    options: ReservationOptions & { decided: Prisma.Sql },
  ): Promise<number> {
    await planOnceByIndex(tx);
    const locked = await lockExistingBalances(tx, keys);
    const payouts: NewPayout[] = [];
    const skips: NewSkip[] = [];
    for (const candidate of await this.candidates(tx, run, keys, options.decided)) {
      const { payableMinor, unlinedMinor, takenMinor, stripeAccountId } = candidate;
      if (unlinedMinor !== payableMinor) {
        this.reportMismatch(candidate);
        continue;
      }
      if (takenMinor === 0n) continue;
      const reason = this.reasonAgainst(candidate, options);
      if (reason !== null || stripeAccountId === null) {
        skips.push({ ...candidate, reason: reason ?? 'not_onboarded' });
      } else {
        payouts.push({ ...candidate, id: this.ids.next('payout'), destination: stripeAccountId });
      }
    }
    if (skips.length > 0) await insertSkips(tx, run, skips);
    if (payouts.length > 0) await this.reserve(tx, run, payouts, locked);
    return payouts.length;
  }

  /** Whether the account may be paid is asked afresh before sending; here only whether there is one. */
  private reasonAgainst(candidate: Candidate, { heldCurrencies }: ReservationOptions): SkipReason | null {
    const { takenMinor, currency, affiliateStatus, underReview, stripeAccountId, detailsSubmitted } = candidate;
    return skipReason({
      amountMinor: takenMinor,
      minimumMinor: this.config.minPayoutMinor(currency),
      affiliateStatus,
      underReview,
      stripeAccountId,
      detailsSubmitted,
      payoutsEnabled: true,
      currencyHeld: heldCurrencies?.has(currency) ?? true,
    });
  }

  /** The ledger contradicts itself about this affiliate: nothing is paid on it before somebody has looked. */
  private reportMismatch({ affiliateId, currency, payableMinor, unlinedMinor }: Candidate): void {
    this.logger.error({
      code: 'payable_mismatch',
      message: 'the unpaid postings of a balance differ from what it has payable: not paid; run ledger:verify',
      affiliateId,
      currency,
      unlinedMinor: unlinedMinor.toString(),
      payableMinor: payableMinor.toString(),
    });
  }

  /** What each balance would be paid that `decided` finds nothing for. */
  private candidates(tx: SqlTx, run: PayoutRun, keys: BalanceKey[], decided: Prisma.Sql): Promise<Candidate[]> {
    // Each is looked up by itself: the planner, whose statistics do not know this run yet, would go through all of it.
    const undecided = Prisma.sql`
      SELECT b.affiliate_id, b.currency, b.first_unlined_seq, b.last_seq, b.payable_minor
      FROM balances b
      JOIN ${unnested(keys)} USING (affiliate_id, currency)
      LEFT JOIN LATERAL (SELECT TRUE AS found FROM (${decided}) d LIMIT 1) decided ON TRUE
      WHERE decided.found IS NULL`;
    return tx.$queryRaw<Candidate[]>`
      SELECT u.affiliate_id AS "affiliateId", u.currency, u.first_unlined_seq AS "firstUnlinedSeq", u.last_seq AS "lastSeq",
             u.payable_minor AS "payableMinor", i.unlined AS "unlinedMinor", i.taken AS "takenMinor",
             i.taken_count AS "takenCount", i.first_taken_seq AS "firstTakenSeq", i.last_taken_seq AS "lastTakenSeq",
             i.first_left_seq AS "firstLeftSeq", i.is_split AS "isSplit", a.status AS "affiliateStatus",
             ${hasHoldingCase(Prisma.sql`a.id`)} AS "underReview", a.stripe_account_id AS "stripeAccountId",
             a.details_submitted AS "detailsSubmitted"
      FROM (${undecided}) u
      JOIN affiliates a ON a.id = u.affiliate_id
      CROSS JOIN LATERAL (${itemTotals(Prisma.sql`u`, run.cutOff)}) i
      ORDER BY u.affiliate_id, u.currency`;
  }

  private async reserve(
    tx: SqlTx,
    run: PayoutRun,
    payouts: NewPayout[],
    locked: ReadonlyMap<string, LockedBalance>,
  ): Promise<void> {
    await this.insertPayouts(tx, run, payouts);
    await insertLines(tx, run, payouts);
    await this.ledger.post(
      tx,
      payouts.map((payout) => ({
        ...reservedEntry({ ...payout, amountMinor: payout.takenMinor }, run),
        firstUnlinedSeq: payout.firstLeftSeq ?? payout.lastSeq + 1n,
      })),
      locked,
    );
  }

  private async insertPayouts(tx: SqlTx, run: PayoutRun, payouts: NewPayout[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO payouts (id, run_id, affiliate_id, currency, amount_minor, destination, status, created_at)
      SELECT id, ${run.id}, affiliate_id, currency, amount_minor, destination, 'pending', ${this.clock.now()}
      FROM unnest(${payouts.map(({ id }) => id)}::text[], ${payouts.map(({ affiliateId }) => affiliateId)}::text[],
                  ${payouts.map(({ currency }) => currency)}::text[], ${payouts.map(({ takenMinor }) => takenMinor)}::bigint[],
                  ${payouts.map(({ destination }) => destination)}::text[])
        AS w (id, affiliate_id, currency, amount_minor, destination)`;
  }
}

async function insertSkips(tx: SqlTx, run: PayoutRun, skips: NewSkip[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO payout_skips (run_id, affiliate_id, currency, reason, amount_minor)
    SELECT ${run.id}, affiliate_id, currency, reason, amount_minor
    FROM unnest(${skips.map(({ affiliateId }) => affiliateId)}::text[], ${skips.map(({ currency }) => currency)}::text[],
                ${skips.map(({ reason }) => reason)}::text[], ${skips.map(({ takenMinor }) => takenMinor)}::bigint[])
      AS w (affiliate_id, currency, reason, amount_minor)
    ON CONFLICT DO NOTHING`;
}

/**
 * Whatever the run has decided about the balance `b`. Each look-up names its index by its order: to the planner, whose
 * statistics do not know this run yet, one that begins with the run looks just as good, and goes through all of the run.
 */
function decidedIn(run: PayoutRun): Prisma.Sql {
  return Prisma.sql`
    SELECT 1 FROM (
      SELECT po.affiliate_id, po.currency, po.run_id FROM payouts po
      WHERE (po.affiliate_id, po.currency, po.run_id) >= (b.affiliate_id, b.currency, ${run.id})
      ORDER BY po.affiliate_id, po.currency, po.run_id LIMIT 1
    ) next
    WHERE next.affiliate_id = b.affiliate_id AND next.currency = b.currency AND next.run_id = ${run.id}
    UNION ALL
    SELECT 1 FROM (
      SELECT s.run_id, s.affiliate_id, s.currency FROM payout_skips s
      WHERE (s.run_id, s.affiliate_id, s.currency) >= (${run.id}, b.affiliate_id, b.currency)
      ORDER BY s.run_id, s.affiliate_id, s.currency LIMIT 1
    ) next
    WHERE next.affiliate_id = b.affiliate_id AND next.currency = b.currency AND next.run_id = ${run.id}`;
}

/** The payouts of the balance `b` in the run that were paid or still may be. */
function standingPayoutIn(run: PayoutRun): Prisma.Sql {
  return Prisma.sql`
    SELECT 1 FROM (
      SELECT po.run_id, po.status FROM payouts po WHERE po.affiliate_id = b.affiliate_id AND po.currency = b.currency OFFSET 0
    ) own
    WHERE own.run_id = ${run.id} AND own.status NOT IN ('failed', 'canceled')`;
}
