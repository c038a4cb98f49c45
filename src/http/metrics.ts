import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/**
 * The registry behind GET /metrics. A feature adds its own by
 * `new Counter({ name: 'fairshare_…', help: '…', registers: [metrics.registry] })`. One registry per application, so
 * that several can run in one process.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  private readonly requestSeconds = new Histogram({
    name: 'fairshare_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer, by route pattern. Redirects of /r/ have metrics of their own.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.requestSeconds.observe({ method, route, status }, seconds);
  }
}
