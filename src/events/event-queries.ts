import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import type { EventDto, EventPageDto, EventsQuery } from './event.dto.js';
import { EventFeed, type FeedEvent } from './event-feed.js';
import { EventPublisher } from './event-publisher.js';

const START = 0n;

/** The feed as hosts read it, for what they missed. */
@Injectable()
export class EventQueries {
  constructor(
    private readonly publisher: EventPublisher,
    private readonly feed: EventFeed,
  ) {}

  /**
   * Oldest first. Publishes what is committed by now, so that a host finds what its last request brought about.
   * @throws DomainError `event_not_found` (404) for a cursor that is unknown or no longer kept.
   */
  async list({ after, limit }: EventsQuery): Promise<EventPageDto> {
    await this.publisher.publish();
    const from = after === undefined ? START : await this.feed.findPosition(after);
    if (from === null) throw eventNotFound();
    const events = await this.feed.after(from, limit + 1);
    const shown = events.slice(0, limit);
    return {
      data: shown.map(presentEvent),
      nextCursor: events.length > limit ? (shown.at(-1)?.id ?? null) : null,
    };
  }
}

export function presentEvent({ id, type, occurredAt, data }: FeedEvent): EventDto {
  return { id, type, timestamp: occurredAt.toISOString(), data };
}

function eventNotFound(): DomainError {
  return new DomainError(
    'not_found',
    'event_not_found',
    'There is no such event, or it is older than 90 days. Without after, the oldest one that is kept comes first.',
  );
}
