import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/database.js';
import { DomainEvents } from '../events/domain-events.js';
import { presentPayout } from './payout-presenter.js';

/** Tells hosts how payouts ended. The caller has the payouts, or their balances, locked. */
@Injectable()
export class PayoutEvents {
  constructor(private readonly events: DomainEvents) {}

  /** As the payouts are now: two statements for any number. */
  async record(tx: Tx, type: 'payout.paid' | 'payout.failed' | 'payout.reversed', ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    const payouts = await tx.payout.findMany({
      where: { id: { in: ids } },
      orderBy: { id: 'asc' },
      include: { run: { select: { period: true } } },
    });
    await this.events.record(
      tx,
      ...payouts.map(({ run, ...payout }) => ({
        type,
        subjectId: payout.id,
        data: { ...presentPayout(payout, run.period) },
      })),
    );
  }
}
