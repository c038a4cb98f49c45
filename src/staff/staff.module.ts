import { Module } from '@nestjs/common';
import { FirstStaffUser } from './first-staff-user.js';
import { LoginThrottle } from './login-throttle.js';
import { StaffLogin } from './staff-login.service.js';
import { StaffTotp } from './staff-totp.service.js';
import { StaffUsers } from './staff-users.service.js';
import { TotpSecrets } from './totp-secrets.js';

/** Who may enter the admin panel, how they prove who they are, and who manages them. */
@Module({
  providers: [FirstStaffUser, LoginThrottle, StaffLogin, StaffTotp, StaffUsers, TotpSecrets],
  exports: [FirstStaffUser, StaffLogin, StaffTotp, StaffUsers],
})
export class StaffModule {}
