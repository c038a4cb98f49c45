import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { firstIdAt } from '../../common/ids.js';
import { ClickConnections } from './click-connections.js';

/** The current month and the next two exist before anybody clicks in them. */
const MONTHS_AHEAD = 2;

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

/** After `clk_`, ten base-32 digits hold the 48 bits of an id's time. */
const TIME_START = 4;
const TIME_END = 14;

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
  private readonly existing = new Set<string>();
  /** The month that the last click fell into; the next one nearly always does too. */
  private lastRange: MonthRange = { fromId: '', toId: '' };

  constructor(
    private readonly connections: ClickConnections,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    const now = this.clock.now();
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) await this.ensureMonth(monthStart(now, ahead));
  }

  /** Safe to call from many processes at once: the database's function takes a lock and looks first. */
  async ensureFor(clickIds: Iterable<string>): Promise<void> {
    for (const id of clickIds) {
      if (id >= this.lastRange.fromId && id < this.lastRange.toId) continue;
      this.lastRange = await this.ensureMonth(monthStart(timeOfClickId(id), 0));
    }
  }

  private async ensureMonth(start: Date): Promise<MonthRange> {
    const month = start.toISOString().slice(0, 7).replace('-', '_');
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

/** When a click's id was made, to the millisecond. */
function timeOfClickId(id: string): Date {
  let ms = 0;
  for (let i = TIME_START; i < TIME_END; i++) ms = ms * 32 + CROCKFORD.indexOf(id.charAt(i));
  return new Date(ms);
}

function monthStart(at: Date, monthsLater: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + monthsLater, 1));
}
