import { Module } from '@nestjs/common';
import { DashboardSessions } from './dashboard-sessions.service.js';

/** Apart from what guards routes, since whoever suspends or erases an affiliate ends its sessions. */
@Module({ providers: [DashboardSessions], exports: [DashboardSessions] })
export class DashboardSessionsModule {}
