import { UsageError } from './command-options.js';

/** A day (its start in UTC) or a moment in ISO 8601, as an option of a command. */
export function momentOption(option: string, text: string): Date {
  const moment = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) || Number.isNaN(moment.getTime())) {
    throw new UsageError(`${option} must be a day such as 2026-12-01 or a moment such as 2026-12-01T06:00:00Z.`);
  }
  return moment;
}
