import type { PlanVersion } from '@prisma/client';
import { DateTime } from 'luxon';
import type pg from 'pg';
import { firstIdAt } from '../common/ids.js';
import type { Config } from '../config/config.js';
import { nextPeriod, periodOf, plannedRunAt } from '../config/payout-schedule.js';
import type { GenerationOptions } from './generation-options.js';
import type { Random } from './random.js';
import { TimedIds } from './timed-ids.js';
import { DAY_MS, later, MINUTE_MS, type CompletedRun, type PlanWithVersions, type World } from './world.js';

/** How long events are kept. */
const EVENTS_KEPT_MS = 90 * DAY_MS;
/** How long a run takes. */
const RUN_MS = 120 * MINUTE_MS;

interface Terms {
  rateBps: number;
  durationMonths: number | null;
  holdDays: number;
}

/** Clicks of each month need their partition. Outside the transaction, since it locks all clicks. */
export async function createClickPartitions(
  client: pg.ClientBase,
  { start, now }: Pick<World, 'start' | 'now'>,
): Promise<void> {
  let month = DateTime.fromJSDate(start, { zone: 'utc' }).startOf('month');
  for (; month.toJSDate() <= now; month = month.plus({ months: 1 })) {
    const [from, to] = [month, month.plus({ months: 1 })].map((moment) => firstIdAt('click', moment.toJSDate()));
    await client.query('SELECT create_click_partition($1, $2, $3)', [month.toFormat('yyyy_MM'), from, to]);
  }
}

/** Plans and payout runs, which all affiliates share. */
export async function createWorld(
  client: pg.ClientBase,
  given: { options: GenerationOptions; random: Random; config: Config; start: Date; now: Date },
): Promise<World> {
  const { options, random, config, start, now } = given;
  const ids = new TimedIds(random);
  const { rows: staff } = await client.query<{ id: string }>('SELECT id FROM staff_users ORDER BY id LIMIT 1');
  const staffUserId = staff[0]?.id;
  if (staffUserId === undefined) throw new Error('there is no staff user');
  const changedAt = later(start, (now.getTime() - start.getTime()) / 2);
  const partners = await createPlan(client, ids, { name: `Partners ${options.seed}`, start }, [
    { effectiveFrom: new Date(0), rateBps: 2500, durationMonths: 12, holdDays: 14 },
    { effectiveFrom: changedAt, rateBps: 2000, durationMonths: 12, holdDays: 30 },
  ]);
  const launch = await createPlan(client, ids, { name: `Launch ${options.seed}`, start }, [
    { effectiveFrom: new Date(0), rateBps: 3000, durationMonths: 6, holdDays: 7 },
  ]);
  return {
    ...options,
    start,
    now,
    eventsSince: later(now, -EVENTS_KEPT_MS),
    plans: [
      { weight: 4, value: await findDefaultPlan(client) },
      { weight: 5, value: partners },
      { weight: 1, value: launch },
    ],
    runs: await createRuns(client, ids, { config, start, now }),
    staffUserId,
    publicUrl: config.publicUrl,
    attributionWindowMs: config.attributionWindowMs,
    minPayoutMinor: (currency) => config.minPayoutMinor(currency),
  };
}

async function createPlan(
  client: pg.ClientBase,
  ids: TimedIds,
  { name, start: createdAt }: { name: string; start: Date },
  terms: (Terms & { effectiveFrom: Date })[],
): Promise<PlanWithVersions> {
  const plan = { id: ids.next('plan', createdAt), name, createdAt };
  await client.query('INSERT INTO plans (id, name, created_at) VALUES ($1, $2, $3)', [plan.id, name, createdAt]);
  const versions: PlanVersion[] = [];
  for (const [index, { effectiveFrom, rateBps, durationMonths, holdDays }] of terms.entries()) {
    const since = effectiveFrom > createdAt ? effectiveFrom : createdAt;
    const id = ids.next('planVersion', since);
    const version = index + 1;
    versions.push({ id, planId: plan.id, version, rateBps, durationMonths, holdDays, effectiveFrom, createdAt: since });
    await client.query(
      `INSERT INTO plan_versions (id, plan_id, version, rate_bps, duration_months, hold_days, effective_from, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [id, plan.id, version, rateBps, durationMonths, holdDays, effectiveFrom, since],
    );
  }
  return { ...plan, versions };
}

async function findDefaultPlan(client: pg.ClientBase): Promise<PlanWithVersions> {
  const { rows: plans } = await client.query<{ id: string; name: string; createdAt: Date }>(
    `SELECT id, name, created_at AS "createdAt" FROM plans WHERE id = 'pln_default'`,
  );
  const plan = plans[0];
  if (!plan) throw new Error('the default plan is missing');
  const { rows: versions } = await client.query<PlanVersion>(
    `SELECT id, plan_id AS "planId", version, rate_bps AS "rateBps", duration_months AS "durationMonths", hold_days AS "holdDays",
            effective_from AS "effectiveFrom", created_at AS "createdAt"
     FROM plan_versions WHERE plan_id = $1 ORDER BY version`,
    [plan.id],
  );
  return { ...plan, versions };
}

/** Those that were over by now. Where a period has its run already, its affiliates take part in that one. */
async function createRuns(
  client: pg.ClientBase,
  ids: TimedIds,
  { config, start, now }: { config: Config; start: Date; now: Date },
): Promise<CompletedRun[]> {
  const runs: CompletedRun[] = [];
  const last = periodOf(now, config.payoutTimezone);
  for (let period = periodOf(start, config.payoutTimezone); period <= last; period = nextPeriod(period)) {
    const cutOff = plannedRunAt(period, config.payoutCron, config.payoutTimezone);
    if (!cutOff || cutOff <= start) continue;
    const startedAt = later(cutOff, 5000);
    const finishedAt = later(startedAt, RUN_MS);
    if (finishedAt >= now) break;
    const { rows } = await client.query<CompletedRun>(
      `INSERT INTO payout_runs AS known (id, period, cut_off, status, started_at, finished_at)
       VALUES ($1, $2, $3, 'completed', $4, $5)
       ON CONFLICT (period) DO UPDATE SET period = known.period
       RETURNING id, period, cut_off AS "cutOff", status, started_at AS "startedAt", finished_at AS "finishedAt",
                 halted_at AS "haltedAt", halted_reason AS "haltedReason", halted_payout_id AS "haltedPayoutId", decision,
                 decided_by AS "decidedBy", decided_at AS "decidedAt", decision_reason AS "decisionReason"`,
      [ids.next('payoutRun', startedAt), period, cutOff, startedAt, finishedAt],
    );
    // One that is not over is left to those who run it.
    runs.push(...rows.filter((run) => run.status === 'completed'));
  }
  return runs;
}
