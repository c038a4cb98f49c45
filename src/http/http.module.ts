import { Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';
import { Idempotency } from './idempotency.js';
import { Metrics } from './metrics.js';
import { RateLimiter } from './rate-limiter.js';
import { ServerDrain } from './server-drain.js';

/** What every feature with routes needs. */
@Global()
@Module({
  imports: [TerminusModule],
  controllers: [HealthController],
  providers: [Idempotency, Metrics, RateLimiter, ServerDrain],
  exports: [Idempotency, Metrics, RateLimiter, ServerDrain],
})
export class HttpModule {}
