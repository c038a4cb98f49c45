import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { DashboardSessions } from './dashboard-sessions.service.js';
import { JwtStrategy } from './jwt.strategy.js';
import { TokenGuard } from './token.guard.js';

@Module({
  providers: [JwtStrategy, TokenGuard, DashboardSessions, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [DashboardSessions],
})
export class AuthModule {}
