import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { Tx } from '../database/database.js';

/** E-mails and an affiliate that wants to be forgotten. The log names nobody, so it stays. */
@Injectable()
export class MailErasure {
  constructor(private readonly clock: Clock) {}

  /** Deletes what the affiliate had chosen, and drops what has not been sent. Locks these rows. */
  async erase(tx: Tx, affiliateId: string): Promise<void> {
    await tx.emailPreferences.deleteMany({ where: { affiliateId } });
    await tx.email.updateMany({
      where: { affiliateId, status: { in: ['queued', 'sending'] } },
      data: { status: 'dropped', droppedReason: 'no_address', nextTryAt: null, endedAt: this.clock.now() },
    });
  }
}
