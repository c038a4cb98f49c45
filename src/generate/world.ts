import type { PayoutRun, Plan, PlanVersion } from '@prisma/client';
import type { GenerationOptions } from './generation-options.js';

export interface PlanWithVersions extends Plan {
  /** Oldest first; the first one counts since ever. */
  versions: PlanVersion[];
}

export interface CompletedRun extends PayoutRun {
  finishedAt: Date;
}

/** What all affiliates of a generated database share. */
export interface World extends GenerationOptions {
  /** When the first affiliates come. */
  start: Date;
  /** The moment at which the data ends. */
  now: Date;
  /** No event before it is kept any more. */
  eventsSince: Date;
  plans: { weight: number; value: PlanWithVersions }[];
  /** One for each month's first day in between, oldest first. */
  runs: CompletedRun[];
  /** Who decides about cases and adjusts balances. */
  staffUserId: string;
  publicUrl: string;
  attributionWindowMs: number;
  minPayoutMinor: (currency: string) => bigint;
}

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

export function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + Math.floor(ms));
}
