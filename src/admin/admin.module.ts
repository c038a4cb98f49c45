import { Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { StaffModule } from '../staff/staff.module.js';
import { AdminPanel } from './admin-panel.js';
import { StaffSessions } from './http/staff-sessions.service.js';
import { ResourceReader } from './resources/resource-reader.js';
import { ResourceSpecs } from './resources/resource-specs.js';
import { PayoutsModule } from '../payouts/payouts.module.js';

/** The room where staff decide. Imported only where ADMIN_ENABLED says so: AdminJS alone takes a hundred megabytes. */
@Module({
  imports: [StaffModule, PayoutsModule],
  providers: [AdminPanel, ResourceReader, ResourceSpecs, StaffSessions],
})
export class AdminModule implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly panel: AdminPanel,
  ) {}

  async onModuleInit(): Promise<void> {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    await fastify.register((scope) => this.panel.serve(scope));
  }
}
