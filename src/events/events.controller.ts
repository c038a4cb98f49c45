import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HostScope } from '../auth/access.js';
import { EventPageDto, EventsQuery } from './event.dto.js';
import { EventQueries } from './event-queries.js';

@ApiTags('Events and webhooks')
@HostScope()
@Controller('v1/events')
export class EventsController {
  constructor(private readonly events: EventQueries) {}

  /** What happened, oldest first: everything that webhooks tell of, for whoever missed some. */
  @Get()
  list(@Query() query: EventsQuery): Promise<EventPageDto> {
    return this.events.list(query);
  }
}
