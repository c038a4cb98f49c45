import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { DomainError } from '../common/domain-error.js';
import { Database } from '../database/database.js';
import { Metrics } from './metrics.js';
import { ServerDrain } from './server-drain.js';

const DATABASE_TIMEOUT_MS = 2_000;

@ApiTags('Operations')
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
    private readonly drain: ServerDrain,
    private readonly metrics: Metrics,
  ) {}

  /** Whether the process answers at all. */
  @Get('health/live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Whether requests should be sent here: the database answers and no shutdown is under way. */
  @Get('health/ready')
  async ready(): Promise<HealthCheckResult> {
    if (this.drain.isDraining) throw new DomainError('unavailable', 'shutting_down', 'This instance is shutting down.');
    try {
      return await this.health.check([
        () =>
          this.indicators
            .check('database')
            .attempt(() => this.pingDatabase())
            .withTimeout(DATABASE_TIMEOUT_MS),
      ]);
    } catch {
      // terminus has logged what it found.
      throw new DomainError('unavailable', 'database_unavailable', 'The database does not answer.');
    }
  }

  /** Prometheus metrics. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async prometheus(): Promise<string> {
    return this.metrics.registry.metrics();
  }

  private async pingDatabase(): Promise<void> {
    await this.database.pool.query('SELECT 1');
  }
}
