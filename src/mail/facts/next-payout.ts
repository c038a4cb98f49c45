import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { nextPlannedRun } from '../../config/payout-schedule.js';

/** When there will be money again. */
@Injectable()
export class NextPayout {
  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** The first planned moment to come that is not this run's own. Null where none is planned within a year. */
  after({ cutOff }: { cutOff: Date }): Date | null {
    const { payoutCron, payoutTimezone } = this.config;
    const from = new Date(Math.max(this.clock.now().getTime(), cutOff.getTime() + 1));
    return nextPlannedRun(from, payoutCron, payoutTimezone)?.at ?? null;
  }
}
