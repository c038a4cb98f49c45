import { Injectable, Logger } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** A database that does not keep up makes nobody wait for the figures of the process, which are wanted most then. */
const READ_TIMEOUT_MS = 2_000;

/**
 * The registry behind GET /metrics. A feature adds its own by
 * `new Counter({ name: 'fairshare_…', help: '…', registers: [metrics.registry] })`. One registry per application, so
 * that several can run in one process.
 */
@Injectable()
export class Metrics {
  private readonly logger = new Logger(Metrics.name);
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

  /**
   * Adds `fairshare_<name>` with one label, read when it is asked for, usually from the database. What cannot be read
   * is left out, never shown as zero.
   */
  addGauge(name: string, help: string, label: string, read: () => Promise<(readonly [string, number])[]>): void {
    const gauge: Gauge = new Gauge({
      name: `fairshare_${name}`,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect: async () => {
        gauge.reset();
        try {
          for (const [value, figure] of await inTime(read())) gauge.set({ [label]: value }, figure);
        } catch (error) {
          this.logger.warn({ message: 'a figure could not be read for the metrics', name, error: String(error) });
        }
      },
    });
  }

  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.requestSeconds.observe({ method, route, status }, seconds);
  }
}

async function inTime<T>(reading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the database did not answer in time')), READ_TIMEOUT_MS);
  });
  try {
    return await Promise.race([reading, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
