import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger } from '@nestjs/common';
import type { Prisma } from '@prisma/client';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { runAlone } from '../../database/run-alone.js';
import { actedBy, type StaffAct } from '../../staff/staff-act.js';
import { TransferReversals } from '../reversals/transfer-reversals.service.js';
import { comparePayout, type Finding, type PayoutSides } from './compare-payout.js';
import { TransferReader } from './transfer-reader.js';
import { TwoSides, type Comparison, type CurrencySum } from './two-sides.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Clocks differ: transfers are listed from this much before the first payout that is compared. */
const MARGIN_MS = DAY_MS;
/** Each is asked about afresh. Where more differ, something is wrong with all of them, and these say what. */
const SUSPECTS_MAX = 500;
/** Something that changes each time it is looked at is looked at no more than this often. */
const LOOKS_MAX = 3;

export interface ReconciliationReport {
  id: string;
  startedAt: Date;
  transferCount: number;
  payoutCount: number;
  sums: CurrencySum[];
  /** What differs, and what is too young to differ. May hold fewer than there are. */
  findings: Finding[];
  differenceCount: number;
  openCount: number;
}

/**
 * Compares the ledger with Stripe, both ways: every transfer and reversal of our groups there, every payout and
 * everything paid out here. It reports and mends nothing by itself: an audit that made its two sides equal would hide
 * that webhooks are lost, or that somebody moved money by hand (see `adopt` for what may be mended, and by whom).
 */
@Injectable()
export class ReconciliationService {
  private readonly logger = new Logger(ReconciliationService.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly ids: IdGenerator,
    private readonly reader: TransferReader,
    private readonly reversals: TransferReversals,
    private readonly sides: TwoSides,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Lists Stripe's transfers, compares, and looks at each payout that differs once more, so that what changed meanwhile
   * is no difference. Keeps the result, and logs an alert when anything differs. Memory stays flat; no transaction is
   * open while Stripe is asked.
   *
   * @param since compares the payouts made since; all of them by default.
   * @returns null when another process is at it.
   * @throws what Stripe or the database throws; the reconciliation is then kept as failed.
   */
  async reconcile(since: Date | null = null): Promise<ReconciliationReport | null> {
    let report: ReconciliationReport | null = null;
    await runAlone(this.database, 'reconciliation', async () => {
      await this.clearUp();
      report = await this.work(since);
    });
    return report;
  }

  /**
   * Records the reversals that a report found at Stripe and not in the ledger, as their webhooks would have: for the
   * operator, once it is clear why the webhooks are missing and they can no longer be fetched. What we did not start
   * opens its holding case. Each is audited with its record.
   *
   * @returns the ids of the transfers that were recorded.
   * @throws DomainError `reason_length`.
   */
  async adopt({ findings }: ReconciliationReport, act: StaffAct): Promise<string[]> {
    const by = actedBy(act);
    const adopted: string[] = [];
    for (const { kind, payoutId, transferId, expectedMinor, foundMinor } of findings) {
      if (kind !== 'reversal_differs' || payoutId === null || foundMinor < expectedMinor) continue;
      for (const transfer of await this.reader.findTransfers(payoutId, [])) {
        if (transfer.transferId !== transferId) continue;
        await this.database.transaction(async (tx) => {
          await this.reversals.record(tx, transfer, null);
          await this.audit.record(tx, {
            ...by,
            action: 'payout.reversal_adopted',
            subjectType: 'payout',
            subjectId: payoutId,
            before: { amountReversedMinor: String(expectedMinor) },
            after: { amountReversedMinor: String(foundMinor), transferId },
          });
        });
        adopted.push(transfer.transferId);
      }
    }
    return adopted;
  }

  private async work(since: Date | null): Promise<ReconciliationReport> {
    const id = this.ids.next('reconciliation');
    const startedAt = this.clock.now();
    await this.database.prisma.reconciliation.create({ data: { id, status: 'running', since, startedAt } });
    try {
      for await (const page of this.reader.listTransfers(await this.listedSince(since))) await this.sides.add(id, page);
      const comparison = await this.sides.compare(id, since, SUSPECTS_MAX);
      const findings = [...(await this.lookAgain(id, comparison.suspects)), ...(since ? [] : sumFindings(comparison))];
      const open = findings.filter(({ isOpen }) => isOpen).length;
      const unseen = comparison.suspectCount - comparison.suspects.length;
      const { transferCount, payoutCount, sums } = comparison;
      const counts = { differenceCount: findings.length - open + unseen, openCount: open };
      const report = { id, startedAt, transferCount, payoutCount, sums, findings, ...counts };
      await this.keep(report);
      return report;
    } catch (error) {
      await this.fail(id, error);
      throw error;
    } finally {
      await this.sides.clear([id]);
    }
  }

  /** Nothing of ours is older than the first payout; before there was one, than the installation. */
  private async listedSince(since: Date | null): Promise<Date | null> {
    const { prisma } = this.database;
    const first =
      since ??
      (await prisma.payout.findFirst({ orderBy: { id: 'asc' }, select: { createdAt: true } }))?.createdAt ??
      (await prisma.installation.findUnique({ where: { id: 1 } }))?.installedAt;
    return first ? new Date(first.getTime() - MARGIN_MS) : null;
  }

  private async lookAgain(id: string, suspects: string[]): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const payoutId of suspects) {
      const sides = await this.steadySides(payoutId, await this.sides.listedIds(id, payoutId));
      findings.push(...comparePayout(sides, this.clock.now()));
    }
    return findings;
  }

  /** Both sides at one moment: ours is the same before Stripe is asked and after it. */
  private async steadySides(payoutId: string, listedIds: string[]): Promise<PayoutSides> {
    let ours = await this.sides.find(payoutId);
    for (let look = 1; ; look++) {
      const ownId = ours.payout?.stripeTransferId;
      const transfers = await this.reader.findTransfers(payoutId, [
        ...new Set([...listedIds, ...(ownId ? [ownId] : [])]),
      ]);
      const after = await this.sides.find(payoutId);
      if (look === LOOKS_MAX || isDeepStrictEqual(ours, after)) return { payoutId, ...after, transfers };
      ours = after;
    }
  }

  private async keep(report: ReconciliationReport): Promise<void> {
    const { id, transferCount, payoutCount, differenceCount, openCount, findings, sums } = report;
    const { count } = await this.database.prisma.reconciliation.updateMany({
      where: { id, status: 'running' },
      data: {
        status: differenceCount > 0 ? 'differs' : 'agrees',
        finishedAt: this.clock.now(),
        transferCount,
        payoutCount,
        differenceCount,
        openCount,
        sums: toJson(sums),
        findings: toJson(findings),
      },
    });
    if (count === 0) throw new Error(`reconciliation ${id} was taken for dead by another one`);
    if (differenceCount === 0) {
      this.logger.log({ message: 'the ledger and Stripe agree', reconciliationId: id, transferCount, openCount });
      return;
    }
    this.logger.error({
      code: 'reconciliation_differs',
      message: 'the ledger and Stripe disagree (docs/operations.md, "When the reconciliation finds a difference")',
      reconciliationId: id,
      differenceCount,
      kinds: [...new Set(findings.filter(({ isOpen }) => !isOpen).map(({ kind }) => kind))],
    });
  }

  private async fail(id: string, error: unknown): Promise<void> {
    this.logger.error({
      code: 'reconciliation_failed',
      message: 'the ledger could not be compared with Stripe; nothing is known of the differences',
      reconciliationId: id,
      error: String(error),
    });
    await this.database.prisma.reconciliation.updateMany({
      where: { id, status: 'running' },
      data: { status: 'failed', finishedAt: this.clock.now() },
    });
  }

  /** Whatever is still running now belongs to a process that died: this one holds the lock. */
  private async clearUp(): Promise<void> {
    const dead = await this.database.prisma.reconciliation.updateManyAndReturn({
      where: { status: 'running' },
      data: { status: 'failed', finishedAt: this.clock.now() },
      select: { id: true },
    });
    await this.sides.clear(dead.map(({ id }) => id));
  }
}

/** *Paid out* that belongs to no payout at all would be missed by looking at payouts. */
function sumFindings({ sums, balances }: Comparison): Finding[] {
  const byPayouts = new Map(sums.map(({ currency, paidMinor }) => [currency, paidMinor]));
  return balances
    .map(({ currency, paidMinor }) => ({
      currency,
      expectedMinor: byPayouts.get(currency) ?? 0n,
      foundMinor: paidMinor,
    }))
    .filter(({ expectedMinor, foundMinor }) => expectedMinor !== foundMinor)
    .map((sum) => ({
      ...sum,
      kind: 'sum_differs' as const,
      isOpen: false,
      payoutId: null,
      affiliateId: null,
      transferId: null,
      message: 'the balances say that another sum was paid out than the payouts',
    }));
}

/** Amounts as strings, as everywhere in JSON of ours, so that they stay exact. */
function toJson(value: object): Prisma.InputJsonValue {
  return JSON.parse(
    JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)),
  ) as Prisma.InputJsonValue;
}
