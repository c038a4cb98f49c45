import { Global, Module } from '@nestjs/common';
import { DomainEvents } from './domain-events.js';
import { EventConsumers } from './event-consumers.js';
import { EventFeed } from './event-feed.js';
import { EventPublisher } from './event-publisher.js';
import { EventPump } from './event-pump.js';
import { EventQueries } from './event-queries.js';
import { EventRetention } from './event-retention.js';

/** Global, because every module in which something happens writes into it. */
@Global()
@Module({
  providers: [DomainEvents, EventConsumers, EventFeed, EventPublisher, EventPump, EventQueries, EventRetention],
  exports: [DomainEvents, EventConsumers, EventFeed, EventPublisher, EventQueries],
})
export class EventsModule {}
