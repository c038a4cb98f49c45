import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Clock } from '../../common/clock.js';
import { firstIdAt, timeOfId } from '../../common/ids.js';
import { ClickConnections } from './click-connections.js';
import { clickMonthName, monthStart } from './click-months.js';

/** The current month and the next two exist before anybody clicks in them. */
const MONTHS_AHEAD = 2;
const EVERY_HOUR = '0 11 * * * *';

interface MonthRange {
  fromId: string;
  toId: string;
}

/**
 * Makes sure that a click's month has its partition. The month is that of the id, not of the clock: an id made right
 * after a clock went back still belongs to the later month.
 */
@Injectable()
export class ClickPartitions implements OnModuleInit {
  private readonly logger = new Logger(ClickPartitions.name);
  private readonly existing = new Set<string>();
  /** The month that the last click fell into; the next one nearly always does too. */
  private lastRange: MonthRange = { fromId: '', toId: '' };

  constructor(
    private readonly connections: ClickConnections,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.makeAhead();
  }

  /** Each hour on every instance: each remembers what it made, and the first one of a month makes it for all. */
  @Cron(EVERY_HOUR)
  async makeAheadByTheHour(): Promise<void> {
    try {
      await this.makeAhead();
    } catch (error) {
      this.logger.error({
        code: 'click_partitions',
        message: 'months of clicks to come could not be made; tried again in an hour, or by the first click',
        error: String(error),
      });
    }
  }

  /** Safe to call from many processes at once: the database's function takes a lock and looks first. */
  async ensureFor(clicks: readonly { id: string }[]): Promise<void> {
    for (const { id } of clicks) {
      if (id >= this.lastRange.fromId && id < this.lastRange.toId) continue;
      this.lastRange = await this.ensureMonth(monthStart(timeOfId('click', id), 0));
    }
  }

  private async makeAhead(): Promise<void> {
    const now = this.clock.now();
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) await this.ensureMonth(monthStart(now, ahead));
  }

  private async ensureMonth(start: Date): Promise<MonthRange> {
    const month = clickMonthName(start);
    const range = { fromId: firstIdAt('click', start), toId: firstIdAt('click', monthStart(start, 1)) };
    if (!this.existing.has(month)) {
      await this.connections.query({
        text: 'SELECT create_click_partition($1, $2, $3)',
        values: [month, range.fromId, range.toId],
      });
      this.existing.add(month);
    }
    return range;
  }
}
