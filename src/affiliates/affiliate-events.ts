import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import type { Tx } from '../database/database.js';
import { DomainEvents, type NewDomainEvent } from '../events/domain-events.js';
import type { AffiliateDto } from './affiliate.dto.js';
import { affiliateInclude, presentAffiliate } from './affiliate-presenter.js';

/** Tells hosts of affiliates. The caller has the affiliates' rows locked. */
@Injectable()
export class AffiliateEvents {
  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly events: DomainEvents,
  ) {}

  async created(tx: Tx, affiliate: AffiliateDto): Promise<void> {
    await this.events.record(tx, newsOf('affiliate.created', affiliate));
  }

  async updated(tx: Tx, affiliate: AffiliateDto): Promise<void> {
    await this.events.record(tx, newsOf('affiliate.updated', affiliate));
  }

  /** The same for those that were changed by their ids: two statements for any number. */
  async updatedAll(tx: Tx, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const affiliates = await tx.affiliate.findMany({
      where: { id: { in: [...ids] } },
      orderBy: { id: 'asc' },
      include: affiliateInclude(this.clock.now()),
    });
    const presented = affiliates.map((affiliate) => presentAffiliate(affiliate, this.config.publicUrl));
    await this.events.record(tx, ...presented.map((affiliate) => newsOf('affiliate.updated', affiliate)));
  }
}

/** Without name and e-mail: events are kept and sent, and who needs them can ask. */
export function newsOf(
  type: 'affiliate.created' | 'affiliate.updated',
  { name: _name, email: _email, ...affiliate }: AffiliateDto,
): NewDomainEvent {
  return { type, subjectId: affiliate.id, data: affiliate };
}
