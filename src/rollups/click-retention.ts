import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { AuditLog, SYSTEM } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { SingleFlight } from '../common/single-flight.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { liftTimeLimit } from '../database/time-limit.js';
import { Metrics } from '../http/metrics.js';
import { CLICK_MONTH, clickMonthName } from '../referrals/clicks/click-months.js';
import { countClicks } from '../referrals/clicks/count-clicks.js';
import { CLICK_DAY_ROLLUPS } from './all-rollups.js';
import { describeDifference } from './rollup.js';
import { RollupsService } from './rollups.service.js';

const EVERY_HOUR = '0 29 * * * *';

/** From its first day up to the next month's. */
interface Month {
  start: Date;
  end: Date;
}

/**
 * Lets a month of clicks go once its last day is older than CLICK_RETENTION_DAYS, with the marks of its visitors. What
 * was counted of them stays, and is compared once more before: a month that was miscounted is kept, since nothing could
 * tell afterwards. Referrals and decisions go on naming their clicks, and tell themselves when those were.
 *
 * A month is detached and then dropped. It is not kept apart, where no erasure would find the persons in it.
 */
@Injectable()
export class ClickRetention implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ClickRetention.name);
  private readonly flight = new SingleFlight();

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly rollups: RollupsService,
    private readonly audit: AuditLog,
    metrics: Metrics,
  ) {
    metrics.addGauge(
      'click_months',
      'Months of clicks that are there (kept), that are made already for clicks to come (ahead), or that are overdue to leave (overdue).',
      'state',
      () => this.countMonths(),
    );
  }

  /** Never rejects. A second call while one is under way joins it; of several instances one does it. */
  @Cron(EVERY_HOUR)
  tick(): Promise<void> {
    return this.flight.join(() => this.work());
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.flight.ended();
  }

  private async work(): Promise<void> {
    try {
      if (!(await this.isDue())) return;
      await this.rollups.alone(async (lost) => {
        // What a process that died has left.
        await this.dropDetached();
        // Visitors who are counted after their marks have left would count again.
        await countClicks(this.database.prisma);
        let month = await this.findOverdue();
        while (month !== null && !lost.aborted && (await this.isCountedRight(month))) {
          await this.detach(month);
          await this.dropDetached();
          month = await this.findOverdue();
        }
      });
    } catch (error) {
      // Somebody reads the clicks for long, say: writers must not wait behind us for them.
      this.logger.warn({ message: 'old clicks could not leave; tried again in an hour', error: String(error) });
    }
  }

  private async isDue(): Promise<boolean> {
    return (await this.findOverdue()) !== null || (await this.findDetached()).length > 0;
  }

  /** The oldest month, where all of it is too old. */
  private async findOverdue(): Promise<Month | null> {
    const [oldest] = await this.rollups.clickMonths();
    return oldest && this.isOverdue(oldest) ? oldest : null;
  }

  private isOverdue({ end }: Month): boolean {
    return end.getTime() <= this.clock.now().getTime() - this.config.clickRetentionMs;
  }

  private async isCountedRight(month: Month): Promise<boolean> {
    const reports = await this.rollups.compare(CLICK_DAY_ROLLUPS, month);
    const differences = reports.flatMap(({ shown }) => shown.map(describeDifference));
    if (differences.length === 0) return true;
    this.logger.error({
      code: 'rollups_differ',
      message: 'old clicks are kept, since their days do not say what they do; run rollups:rebuild',
      month: clickMonthName(month.start),
      differences,
    });
    return false;
  }

  /** Audited as `clicks.detached`. Fails, and is tried again, where it cannot have the clicks for a moment in half a second. */
  private async detach(month: Month): Promise<void> {
    const name = clickMonthName(month.start);
    await this.database.transaction(async (tx) => {
      await this.record(tx, 'clicks.detached', name, {});
      // Last, since every click waits for the end of it.
      await tx.$executeRaw`SELECT detach_click_partition(${name})`;
    });
  }

  /** Audited as `clicks.dropped`, with how many there were. Also removes the marks of visitors of days that are gone. */
  private async dropDetached(): Promise<void> {
    for (const name of await this.findDetached()) {
      const clicks = await this.database.transaction(async (tx) => {
        // It counts all of them first.
        await liftTimeLimit(tx);
        const [row] = await tx.$queryRaw<{ dropped: bigint }[]>`SELECT drop_detached_clicks(${name}) AS dropped`;
        const dropped = row?.dropped ?? 0n;
        await this.record(tx, 'clicks.dropped', name, { clicks: dropped.toString() });
        return dropped;
      });
      this.logger.log({ message: 'a month of old clicks has left', month: name, clicks: Number(clicks) });
    }
    for await (const { after, last } of this.rollups.affiliateRanges()) {
      await this.database.transaction(
        (tx) => tx.$executeRaw`
          DELETE FROM click_visitors v USING affiliates a
          WHERE a.id > ${after} AND a.id <= ${last} AND v.affiliate_id = a.id AND v.day < first_click_day()`,
      );
    }
  }

  private record(
    tx: Parameters<AuditLog['record']>[0],
    action: string,
    month: string,
    after: Record<string, string>,
  ): Promise<void> {
    return this.audit.record(tx, {
      actorId: SYSTEM,
      action,
      subjectType: CLICK_MONTH,
      subjectId: month,
      before: null,
      after,
      reason: 'older than CLICK_RETENTION_DAYS',
    });
  }

  /** As they are named: `2026_11`. */
  private async findDetached(): Promise<string[]> {
    const rows = await this.database.prisma.$queryRaw<{ month: string }[]>`
      SELECT month FROM detached_click_months() AS month`;
    return rows.map(({ month }) => month);
  }

  private async countMonths(): Promise<[string, number][]> {
    const now = this.clock.now();
    const months = await this.rollups.clickMonths();
    return [
      ['kept', months.filter(({ start }) => start <= now).length],
      ['ahead', months.filter(({ start }) => start > now).length],
      ['overdue', months.filter((month) => this.isOverdue(month)).length],
    ];
  }
}
