import { Global, Module } from '@nestjs/common';
import { AuditLog } from './audit-log.js';

/** Global, because every module in which somebody decides something writes into it. */
@Global()
@Module({ providers: [AuditLog], exports: [AuditLog] })
export class AuditModule {}
