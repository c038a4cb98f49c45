import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { idOf } from '../stripe-object.js';
import { withoutPerson } from './event-redaction.js';
import type { InboundEvent } from './webhook-verifier.js';

type Reference = string | { id: string } | null | undefined;

/** What an event is about, of what may belong to a person. */
interface Subjects {
  customerIds: string[];
  paymentIds: string[];
  accountIds: string[];
}

/**
 * Stripe goes on telling of a person after they were erased here: a cancellation, a refund, an account that is closed.
 * What arrives about a customer, a payment or an account of theirs is stored without what says who it was.
 */
@Injectable()
export class ErasedSubjects {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** The events as they may be stored. One indexed look-up for all of them. */
  async redact(events: InboundEvent[]): Promise<InboundEvent[]> {
    const subjects = events.map(subjectsOf);
    const pseudonyms = await this.pseudonymsOf(subjects);
    if (pseudonyms.size === 0) return events;
    return events.map((event, index) => {
      const { customerIds, paymentIds, accountIds } = subjects[index] ?? subjectsOf(event);
      const pseudonym = [...customerIds, ...paymentIds, ...accountIds]
        .map((id) => pseudonyms.get(id))
        .find((found) => found !== undefined);
      if (pseudonym === undefined) return event;
      return withoutPerson(event, { pseudonym, metadataKey: this.config.referredUserMetadataKey });
    });
  }

  private async pseudonymsOf(subjects: Subjects[]): Promise<Map<string, string>> {
    const values = (['customerIds', 'paymentIds', 'accountIds'] as const).map((kind) =>
      subjects.flatMap((subject) => subject[kind]),
    );
    if (values.every(({ length }) => length === 0)) return new Map();
    const { rows } = await this.database.pool.query<{ id: string; pseudonym: string }>({
      name: 'find-erased-subjects',
      text: `SELECT c.id, c.referred_user_id AS pseudonym FROM stripe_customers c
             WHERE c.id = ANY ($1::text[]) AND c.source = 'erasure'
             UNION ALL
             SELECT p.payment_id, c.referred_user_id
             FROM stripe_invoice_payments p
             JOIN stripe_invoices i ON i.id = p.invoice_id
             JOIN stripe_customers c ON c.id = i.customer_id AND c.source = 'erasure'
             WHERE p.payment_id = ANY ($2::text[])
             UNION ALL
             SELECT h.account_id, a.user_id
             FROM affiliate_accounts h JOIN affiliates a ON a.id = h.affiliate_id AND a.erased_at IS NOT NULL
             WHERE h.account_id = ANY ($3::text[])`,
      values,
    });
    return new Map(rows.map(({ id, pseudonym }) => [id, pseudonym]));
  }
}

function subjectsOf(event: InboundEvent): Subjects {
  if (event.object === 'v2.core.event') {
    return { customerIds: [], paymentIds: [], accountIds: given(event.related_object?.id) };
  }
  const shown = event.data.object as { id?: string; object?: string } & Record<string, Reference>;
  const { object, id } = shown;
  return {
    customerIds: given(object === 'customer' ? id : idOf(shown['customer'])),
    paymentIds: [
      ...given(object === 'payment_intent' || object === 'charge' ? id : undefined),
      ...given(idOf(shown['payment_intent'])),
      ...given(idOf(shown['charge'])),
    ],
    accountIds: given(event.account ?? (object === 'account' ? id : undefined)),
  };
}

/** Events hold what was rendered long ago, or by whoever can sign: only a text is an id. */
function given(id: unknown): string[] {
  return typeof id === 'string' ? [id] : [];
}
