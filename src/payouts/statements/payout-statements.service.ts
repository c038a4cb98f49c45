import type { Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import type { Payout } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { toJsonAmount } from '../../common/money.js';
import { Config } from '../../config/config.js';
import { Database, type Tx } from '../../database/database.js';
import { payoutNotFound } from '../payout-errors.js';
import { presentPayout } from '../payout-presenter.js';
import type { Statement } from './statement.js';
import { statementCsv } from './statement-csv.js';
import { loadItems, loadMonthTotals, loadTotals, type StatementItem } from './statement-items.js';
import { statementPdf } from './statement-pdf.js';
import { noticeOf, presentBalance, presentItem, presentTotal, receivedMinor } from './statement-presenter.js';
import type { StatementDto, StatementQuery } from './statement.dto.js';

/** Items per query of a file. */
const BATCH_SIZE = 500;

/**
 * Items that a PDF lists one by one: some thirty pages. Laying one out takes a processor for half a second, in which
 * nobody else is answered. Beyond it a PDF lists sums by month, and points to the CSV.
 */
const PDF_ITEMS_MAX = 500;

/** The items do not come to what was paid. Whoever sees it must look at the ledger; nobody gets a wrong statement. */
class UnexplainedPayoutError extends Error {
  constructor(payoutId: string, amountMinor: bigint, explainedMinor: bigint) {
    super(`payout ${payoutId} is of ${amountMinor}, and its items come to ${explainedMinor}`);
  }
}

export interface Reader {
  /** Only this affiliate's payouts are there for the reader, and customers are masked. */
  affiliateId?: string;
}

/** Statements of payouts: what was paid for what, to the cent. */
@Injectable()
export class PayoutStatementsService {
  private readonly logger = new Logger(PayoutStatementsService.name);

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
  ) {}

  /**
   * What stands above the items.
   *
   * @throws DomainError `payout_not_found`, also for a payout that is not the reader's.
   * @throws UnexplainedPayoutError when the items do not come to the payout's amount, after raising an alert.
   */
  find(payoutId: string, reader: Reader): Promise<Statement> {
    return this.database.snapshot((tx) => this.load(tx, payoutId, reader));
  }

  /** A statement with one page of its items. @throws as `find`. */
  async page(payoutId: string, { limit, cursor }: StatementQuery, reader: Reader): Promise<StatementDto> {
    const afterSeq = BigInt(cursor?.replace('seq_', '') ?? 0);
    const { statement, items } = await this.database.snapshot(async (tx) => ({
      statement: await this.load(tx, payoutId, reader),
      items: await loadItems(tx, payoutId, afterSeq, limit + 1),
    }));
    const { payout, affiliate, payer, totals, balance } = statement;
    const { id, name, userId, email } = affiliate;
    const shown = items.slice(0, limit);
    const last = items.length > limit ? shown.at(-1) : undefined;
    return {
      payout: presentPayout(payout, payout.run.period),
      cutOff: payout.run.cutOff.toISOString(),
      payer,
      affiliate: { id, name, userId, email },
      received: toJsonAmount(receivedMinor(payout)),
      notice: noticeOf(payout),
      totals: totals.map(presentTotal),
      balance: presentBalance(balance),
      items: shown.map((item) => presentItem(item, reader.affiliateId !== undefined)),
      nextCursor: last ? `seq_${last.seq}` : null,
    };
  }

  /** A row per item, read as it is written: memory does not grow with their number. */
  csv(statement: Statement, reader: Reader): Readable {
    return statementCsv(statement, this.items(statement), reader.affiliateId !== undefined);
  }

  /** A document to file, with amounts and dates as people of `locale` write them. */
  async pdf(statement: Statement, locale: string, reader: Reader): Promise<Buffer> {
    const listed: StatementItem[] = [];
    const isLong = statement.itemCount > PDF_ITEMS_MAX;
    if (!isLong) for await (const item of this.items(statement)) listed.push(item);
    const months = isLong ? await loadMonthTotals(this.database.prisma, statement.payout.id) : [];
    return statementPdf({
      statement,
      items: listed,
      months,
      locale,
      madeAt: this.clock.now(),
      masked: reader.affiliateId !== undefined,
    });
  }

  private async *items({ payout }: Statement): AsyncGenerator<StatementItem> {
    let seq = 0n;
    let explainedMinor = 0n;
    for (;;) {
      const batch = await loadItems(this.database.prisma, payout.id, seq, BATCH_SIZE);
      for (const item of batch) {
        explainedMinor += item.amountMinor;
        yield item;
      }
      const last = batch.at(-1);
      if (!last || batch.length < BATCH_SIZE) break;
      seq = last.seq;
    }
    this.refuseUnlessExplained(payout, explainedMinor);
  }

  private async load(tx: Tx, payoutId: string, { affiliateId }: Reader): Promise<Statement> {
    const payout = await tx.payout.findUnique({
      where: { id: payoutId, affiliateId },
      include: { run: true, balance: { include: { affiliate: true } } },
    });
    if (!payout) throw payoutNotFound(payoutId);
    const totals = await loadTotals(tx, payoutId);
    this.refuseUnlessExplained(
      payout,
      totals.reduce((sum, { amountMinor }) => sum + amountMinor, 0n),
    );
    const itemCount = totals.reduce((sum, { count }) => sum + count, 0);
    const payer = new URL(this.config.siteUrl).host;
    const { affiliate } = payout.balance;
    return { payout, affiliate, payer, totals, itemCount, balance: await loadBalance(tx, payout) };
  }

  private refuseUnlessExplained({ id: payoutId, amountMinor }: Payout, explainedMinor: bigint): void {
    if (explainedMinor === amountMinor) return;
    this.logger.error({
      code: 'payout_unexplained',
      message: "a payout's items do not come to its amount: its statement is refused",
      payoutId,
      amountMinor: amountMinor.toString(),
      explainedMinor: explainedMinor.toString(),
    });
    throw new UnexplainedPayoutError(payoutId, amountMinor, explainedMinor);
  }
}

/** The balance when the payout was made: today's, less what was posted since. */
async function loadBalance(tx: Tx, payout: Payout): Promise<Statement['balance']> {
  const [row] = await tx.$queryRaw<{ payableMinor: bigint; heldMinor: bigint }[]>`
    SELECT (b.payable_minor - coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'payable'), 0))::bigint AS "payableMinor",
           (b.held_minor - coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'held'), 0))::bigint AS "heldMinor"
    FROM balances b
    LEFT JOIN postings p ON p.affiliate_id = b.affiliate_id AND p.currency = b.currency AND p.seq > (
      SELECT max(rp.seq) FROM journal_entries r JOIN postings rp ON rp.entry_id = r.id
      WHERE r.payout_id = ${payout.id} AND r.kind = 'payout_reserved')
    WHERE b.affiliate_id = ${payout.affiliateId} AND b.currency = ${payout.currency}
    GROUP BY b.affiliate_id, b.currency`;
  if (!row) throw new Error(`payout ${payout.id} has no balance`);
  const openingPayableMinor = row.payableMinor + payout.amountMinor;
  const nothingPaid = payout.status === 'failed' || payout.status === 'canceled';
  return {
    openingPayableMinor,
    closingPayableMinor: nothingPaid ? openingPayableMinor : row.payableMinor,
    closingHeldMinor: row.heldMinor,
  };
}
