import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';
import { DomainEvents, type NewDomainEvent } from '../events/domain-events.js';
import { presentWithoutEarnings } from './referral-presenter.js';

/** Tells hosts of referrals: what they are at that moment, but for their earnings, of which commissions tell. */
@Injectable()
export class ReferralEvents {
  constructor(private readonly events: DomainEvents) {}

  async created(tx: SqlTx, referrals: readonly Referral[]): Promise<void> {
    await this.events.record(tx, ...referrals.map((referral) => newsOf('referral.created', referral)));
  }

  /** Tells what has become of referrals whose rows the caller has locked since before the change. */
  async changed(
    tx: SqlTx,
    changes: readonly { before: Pick<Referral, 'status' | 'convertedAt'>; after: Referral }[],
  ): Promise<void> {
    const news: NewDomainEvent[] = [];
    for (const { before, after } of changes) {
      if (before.convertedAt === null && after.convertedAt !== null) news.push(newsOf('referral.converted', after));
      if (before.status !== 'churned' && after.status === 'churned') news.push(newsOf('referral.churned', after));
    }
    await this.events.record(tx, ...news);
  }
}

export function newsOf(
  type: 'referral.created' | 'referral.converted' | 'referral.churned',
  referral: Referral,
): NewDomainEvent {
  return { type, subjectId: referral.id, data: presentWithoutEarnings(referral) };
}
