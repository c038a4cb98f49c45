import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Database } from './database.js';
import { JobQueue } from './job-queue.js';

@Global()
@Module({})
export class DatabaseModule {
  /** `url` is what the app's own role connects with; starting and migrating a database is bootstrap's work. */
  static connect(url: string, replicaUrl?: string, statementTimeoutMs?: number): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [{ provide: Database, useFactory: () => new Database(url, replicaUrl, statementTimeoutMs) }, JobQueue],
      exports: [Database, JobQueue],
    };
  }
}
