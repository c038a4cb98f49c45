import { Global, Module } from '@nestjs/common';
import { Idempotency } from './idempotency.js';
import { Metrics } from './metrics.js';
import { connectionBounds, OpenConnections, openFilesMax } from './open-connections.js';
import { RateLimiter } from './rate-limiter.js';
import { ServerDrain } from './server-drain.js';

/** What every feature with routes needs. */
@Global()
@Module({
  providers: [
    Idempotency,
    Metrics,
    {
      provide: OpenConnections,
      useFactory: (metrics: Metrics) => new OpenConnections(metrics, connectionBounds(openFilesMax())),
      inject: [Metrics],
    },
    RateLimiter,
    ServerDrain,
  ],
  exports: [Idempotency, Metrics, RateLimiter, ServerDrain],
})
export class HttpModule {}
