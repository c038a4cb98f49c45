import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { DashboardSessionsModule } from './dashboard-sessions.module.js';
import { JwtStrategy } from './jwt.strategy.js';
import { TokenGuard } from './token.guard.js';

/** Who may call which route. */
@Module({
  imports: [DashboardSessionsModule],
  providers: [JwtStrategy, TokenGuard, { provide: APP_GUARD, useClass: AccessGuard }],
})
export class AuthModule {}
