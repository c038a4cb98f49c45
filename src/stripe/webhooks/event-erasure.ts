import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Config } from '../../config/config.js';
import type { Tx } from '../../database/database.js';
import { readableNumber } from './storable-event.js';
import { namesUser, withoutPerson } from './event-redaction.js';

/** By what events of a person are recognised. */
export interface PersonInEvents {
  userId: string;
  pseudonym: string;
  /** Ids of Stripe's: customers, payments and accounts of the person. */
  stripeIds: string[];
  emails: string[];
  /** What customers typed in to use the person's promotion codes; absent in a search that is older than those. */
  promotionCodes?: string[];
}

/** Payloads have some kilobytes each: bounds the memory and the time that rows stay locked. */
const EVENTS_AT_ONCE = 500;

interface StoredEvent {
  id: string;
  payload: Prisma.JsonValue;
}

/** Takes a person out of the events that were stored before they were erased. */
@Injectable()
export class EventErasure {
  constructor(private readonly config: Config) {}

  /**
   * Goes through some of the inbox, oldest received first. Every event is looked at, since no index knows who is in it.
   * Locks the inbox rows that it changes, by id.
   *
   * @param after where the time before ended.
   * @returns where this one ended, null at the end of the inbox.
   */
  async eraseNext(tx: Tx, person: PersonInEvents, after: string[] | null): Promise<string[] | null> {
    const [receivedAt, id] = after ?? ['-infinity', ''];
    const batch = await tx.$queryRaw<{ id: string; receivedAt: string; mentions: boolean }[]>`
      SELECT id, received_at::text AS "receivedAt", payload::text ~ ${mentionOf(person)} AS mentions
      FROM stripe_events WHERE (received_at, id) > (${receivedAt}::timestamptz, ${id})
      ORDER BY received_at, id LIMIT ${EVENTS_AT_ONCE}`;
    const mentioning = batch.filter(({ mentions }) => mentions).map((event) => event.id);
    if (mentioning.length > 0) await this.redact(tx, person, mentioning);
    const last = batch.at(-1);
    return last ? [last.receivedAt, last.id] : null;
  }

  private async redact(tx: Tx, person: PersonInEvents, ids: string[]): Promise<void> {
    const events = await tx.$queryRaw<StoredEvent[]>`
      SELECT id, payload FROM stripe_events WHERE id = ANY (${ids}::text[]) ORDER BY id FOR UPDATE`;
    const metadataKey = this.config.referredUserMetadataKey;
    const redacted = events
      .filter(({ payload }) => this.isAbout(payload, person))
      .map(({ id, payload }) => ({
        id,
        payload: withoutPerson(payload, { pseudonym: person.pseudonym, metadataKey }),
      }));
    // What Stripe said of a failure may quote what it was asked for.
    await tx.$executeRaw`
      UPDATE stripe_events e SET payload = r.payload, last_error = NULL
      FROM jsonb_to_recordset(${JSON.stringify(redacted, readableNumber)}::jsonb) AS r (id text, payload jsonb) WHERE e.id = r.id`;
  }

  /** A user id may be any text, `42` as well, so it counts only where user ids stand. */
  private isAbout(payload: unknown, { userId, stripeIds, emails, promotionCodes = [] }: PersonInEvents): boolean {
    if (namesUser(payload, userId, this.config.referredUserMetadataKey)) return true;
    if (promotionCodes.includes(promotionCodeIn(payload) ?? '')) return true;
    const text = JSON.stringify(payload).toLowerCase();
    return [...stripeIds, ...emails].some((name) => text.includes(JSON.stringify(name).toLowerCase()));
  }
}

/** A pattern of PostgreSQL's for a payload's text that names the person as a whole JSON text, in any case. */
function mentionOf({ userId, stripeIds, emails, promotionCodes = [] }: PersonInEvents): string {
  const names = [userId, ...stripeIds, ...emails, ...promotionCodes].map((name) =>
    JSON.stringify(name).replace(/[^\p{L}\p{N}_"]/gu, '\\$&'),
  );
  return `(?i)(${names.join('|')})`;
}

/** The letters of a promotion code where the event is about one; whoever used it is somebody else. */
function promotionCodeIn(payload: unknown): string | null {
  const { data } = payload as { data?: { object?: { object?: string; code?: string } } };
  return data?.object?.object === 'promotion_code' ? (data.object.code ?? null) : null;
}
