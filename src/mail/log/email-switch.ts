import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';

/** Since when e-mails are on. What happened before, or while they were off, is never written about. */
@Injectable()
export class EmailSwitch {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** Writes down at start whether e-mails are on. All instances must have the same settings. */
  async set(): Promise<void> {
    const onSince = this.config.mail === null ? null : this.clock.now();
    await this.database.prisma.$executeRaw`
      INSERT INTO email_switch AS s (id, on_since) VALUES (1, ${onSince})
      ON CONFLICT (id) DO UPDATE SET on_since = CASE WHEN EXCLUDED.on_since IS NULL THEN NULL
                                                 ELSE coalesce(s.on_since, EXCLUDED.on_since) END`;
  }

  /** Null while they are off. */
  async onSince(): Promise<Date | null> {
    const stored = await this.database.prisma.emailSwitch.findUnique({ where: { id: 1 } });
    return stored?.onSince ?? null;
  }
}
