import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { Tx } from '../../database/database.js';
import type { EventConsumer } from '../../events/event-consumers.js';
import type { EventHead } from '../../events/event-feed.js';
import type { DomainEventType } from '../../events/event-types.js';
import { EmailLog, type Reason } from '../log/email-log.js';
import { EmailSwitch } from '../log/email-switch.js';

/** Finds reasons to write in what is told of affiliates, referrals and payouts. */
@Injectable()
export class EventMails implements EventConsumer {
  readonly name = 'mail';

  constructor(
    private readonly config: Config,
    private readonly mailSwitch: EmailSwitch,
    private readonly log: EmailLog,
  ) {}

  /** While e-mails are off, events go by: turning them on later does not bring the past. A few statements for any number. */
  async take(tx: Tx, events: EventHead[]): Promise<void> {
    if (this.config.mail === null) return;
    const onSince = await this.mailSwitch.onSince();
    if (onSince === null) return;
    const subjects = (...types: DomainEventType[]): string[] => [
      ...new Set(
        events.flatMap(({ type, subjectId, occurredAt }) =>
          types.includes(type) && occurredAt >= onSince ? [subjectId] : [],
        ),
      ),
    ];
    const newcomers = await findNewcomers(tx, subjects('affiliate.created', 'affiliate.updated'), onSince);
    await this.log.write(tx, 'welcome', newcomers);
    await this.log.write(tx, 'first_conversion', await findFirstConversions(tx, subjects('referral.converted')));
    await this.log.write(tx, 'payout_paid', await findPayouts(tx, subjects('payout.paid')));
  }
}

/**
 * Whoever became an affiliate since e-mails are on. Also one that staff had to approve first, or whose address came later:
 * it is welcomed when it can be. Whoever took part before is not welcomed to what it knows.
 */
async function findNewcomers(tx: Tx, affiliateIds: string[], onSince: Date): Promise<Reason[]> {
  if (affiliateIds.length === 0) return [];
  return tx.$queryRaw<Reason[]>`
    SELECT id AS "affiliateId", id AS "subjectId" FROM affiliates
    WHERE id = ANY(${affiliateIds}::text[]) AND created_at >= ${onSince} AND status = 'active'`;
}

/** There is one first conversion per affiliate, so the affiliate itself is the subject. */
async function findFirstConversions(tx: Tx, referralIds: string[]): Promise<Reason[]> {
  if (referralIds.length === 0) return [];
  return tx.$queryRaw<Reason[]>`
    SELECT DISTINCT r.affiliate_id AS "affiliateId", r.affiliate_id AS "subjectId" FROM referrals r
    WHERE r.id = ANY(${referralIds}::text[]) AND NOT EXISTS (
      SELECT 1 FROM referrals o WHERE o.affiliate_id = r.affiliate_id AND o.converted_at < r.converted_at)`;
}

async function findPayouts(tx: Tx, payoutIds: string[]): Promise<Reason[]> {
  if (payoutIds.length === 0) return [];
  return tx.$queryRaw<Reason[]>`
    SELECT affiliate_id AS "affiliateId", id AS "subjectId" FROM payouts WHERE id = ANY(${payoutIds}::text[])`;
}
