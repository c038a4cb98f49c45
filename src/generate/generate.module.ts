import { Module } from '@nestjs/common';
import { CommissionsModule } from '../commissions/commissions.module.js';
import { StaffModule } from '../staff/staff.module.js';
import { DataGenerator } from './data-generator.js';

/** What only `npm run db:generate` needs. */
@Module({ imports: [CommissionsModule, StaffModule], providers: [DataGenerator] })
export class GenerateModule {}
