import { Module } from '@nestjs/common';
import { EventsController } from './events.controller.js';

/** The routes of events. */
@Module({ controllers: [EventsController] })
export class EventsApiModule {}
