import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';

/** The routes that say whether the service is well. */
@Module({ imports: [TerminusModule], controllers: [HealthController] })
export class HealthModule {}
