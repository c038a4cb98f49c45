import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../database/database.js';

/** After a `kill -9` of the sending process another one goes on this much later. */
const LEASE_SECONDS = 20;
const RENEW_EVERY_MS = 5_000;

/**
 * Which process sends. The provider's limit is one for all of them, so two that each kept it would exceed it together.
 * Only the rate hangs on this lease: that nobody is paid twice is seen to by claims, compare-and-set and idempotency
 * keys, also where a process that was stopped for longer than its lease comes back beside its successor.
 *
 * It is measured by the database's clock, the one that all processes share.
 */
@Injectable()
export class SenderLease {
  private readonly logger = new Logger(SenderLease.name);
  private readonly holder = randomUUID();
  private users = 0;

  constructor(private readonly database: Database) {}

  /**
   * Does the work while this process holds the lease. Calls within one process share it.
   * @returns false, without having worked, when another process sends.
   */
  async hold(work: () => Promise<void>): Promise<boolean> {
    if (!(await this.take())) return false;
    this.users += 1;
    const renewal = setInterval(() => void this.renew(), RENEW_EVERY_MS);
    try {
      await work();
    } finally {
      clearInterval(renewal);
      this.users -= 1;
      if (this.users === 0) await this.release();
    }
    return true;
  }

  private async take(): Promise<boolean> {
    const taken = await this.database.prisma.$executeRaw`
      INSERT INTO payout_sender AS lease (id, holder, until)
      VALUES (1, ${this.holder}, clock_timestamp() + interval '1 second' * ${LEASE_SECONDS}::int)
      ON CONFLICT (id) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
      WHERE lease.holder = EXCLUDED.holder OR lease.until < clock_timestamp()`;
    return taken === 1;
  }

  private async renew(): Promise<void> {
    try {
      await this.take();
    } catch (error) {
      this.logger.warn({ message: 'the lease for sending could not be renewed', error: String(error) });
    }
  }

  /** Where it cannot be given back, because the database is away, it runs out by itself. */
  private async release(): Promise<void> {
    try {
      await this.database.prisma.$executeRaw`
        UPDATE payout_sender SET until = clock_timestamp() - interval '1 second' WHERE holder = ${this.holder}`;
    } catch (error) {
      this.logger.warn({ message: 'the lease for sending could not be given back', error: String(error) });
    }
  }
}
