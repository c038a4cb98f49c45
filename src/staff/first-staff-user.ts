import { Injectable, Logger } from '@nestjs/common';
import { SYSTEM } from '../audit/audit-log.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { StaffUsers } from './staff-users.service.js';

/** Somebody has to be able to enter an empty panel. */
@Injectable()
export class FirstStaffUser {
  private readonly logger = new Logger(FirstStaffUser.name);

  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly users: StaffUsers,
  ) {}

  /**
   * Makes the admin of ADMIN_EMAIL and ADMIN_PASSWORD while there is no staff user at all. Later these two change
   * nothing: a password that was set since stays. Two instances that start at once make one.
   */
  async ensure(): Promise<void> {
    if ((await this.database.prisma.staffUser.count()) > 0) return;
    const { adminEmail: email, adminPassword: password } = this.config;
    try {
      const act = { staffUserId: SYSTEM, reason: 'The first staff user, from ADMIN_EMAIL and ADMIN_PASSWORD.' };
      const { id } = await this.users.create({ email, name: 'Admin', role: 'admin', password }, act);
      this.logger.log({ message: 'made the first staff user', staffUserId: id });
    } catch (error) {
      if ((await this.database.prisma.staffUser.count()) === 0) throw error;
    }
  }
}
