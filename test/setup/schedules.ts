import { SchedulerRegistry } from '@nestjs/schedule';
import type { TestApp } from './app.js';

/** From now on the app does nothing by the hour; what it was just doing may not have ended yet. */
export function stopSchedules({ app }: TestApp): void {
  const schedules = app.get(SchedulerRegistry);
  for (const name of schedules.getIntervals()) schedules.deleteInterval(name);
  for (const name of schedules.getCronJobs().keys()) schedules.deleteCronJob(name);
}
