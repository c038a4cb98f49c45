import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { DOMAIN_EVENT_TYPES, type DomainEventType } from './event-types.js';

export class EventsQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 20,
    description: 'How many events to return.',
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;

  /** The id of the last event that is known (`webhook-id` of a delivery); from the oldest one kept when not given. */
  @IsOptional()
  @Matches(/^dev_[0-9a-z]{1,26}$/, { message: 'after must be the id of an event (dev_…)' })
  after?: string;
}

/** What happened, as GET /v1/events shows it and as it is sent to webhook endpoints. */
export class EventDto {
  /** Also the `webhook-id` of its deliveries. */
  id!: string;
  @ApiProperty({ enum: DOMAIN_EVENT_TYPES })
  type!: DomainEventType;
  /** When it was written down. */
  timestamp!: string;
  /** The object as it was then, without names and e-mail addresses: see docs/webhooks.md. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  data!: Record<string, unknown>;
}

export class EventPageDto {
  /** Oldest first, those of one object in the order in which they happened. */
  data!: EventDto[];
  /** `after` of the next page. Null at the end: ask again later with the last id that is known. */
  nextCursor!: string | null;
}
