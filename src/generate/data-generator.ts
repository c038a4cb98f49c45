import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import type pg from 'pg';
import { Clock } from '../common/clock.js';
import { JournalSealer } from '../commissions/ledger/journal-sealer.service.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { WITHOUT_TIME_LIMIT } from '../database/time-limit.js';
import { keepingOutcome } from '../payouts/runs/run-outcome.js';
import { FirstStaffUser } from '../staff/first-staff-user.js';
import { AffiliateHistory } from './affiliate-history.js';
import { BulkCopy } from './bulk-copy.js';
import { Chronicle } from './chronicle.js';
import { ClickDays, type ClickedAffiliate } from './click-days.js';
import { GenerationRefusedError } from './generation-refused.error.js';
import type { GenerationOptions } from './generation-options.js';
import { Random } from './random.js';
import { sharesOf } from './shares.js';
import { createStaging, stagedTable, storeStaged } from './staging.js';
import { TABLE_NAMES } from './tables.js';
import { TimedIds } from './timed-ids.js';
import { DAY_MS, type World } from './world.js';
import { createClickPartitions, createWorld } from './world-rows.js';

/** How far it is: the phase in words, and how much of it is done. */
export type OnProgress = (phase: string, done: number, total: number) => void;

export interface Generated {
  sales: number;
  clicks: number;
  sealed: number;
}

/** Random numbers of different purposes do not hang on each other: an affiliate's are drawn from its own stream. */
const CLICK_STREAM = -1;
const WORLD_STREAM = -2;

/** For this one transaction: sorts in memory, and time to work between two statements. */
const FOR_BULK = `
  SET LOCAL synchronous_commit = off; SET LOCAL work_mem = '256MB'; SET LOCAL idle_in_transaction_session_timeout = 0;
  ${WITHOUT_TIME_LIMIT}`;

/**
 * Fills a database with years of a made-up business: affiliates, clicks, signups, sales, refunds, payouts and all that
 * follows from them, as the application would have left it. The ledger is sound by every proof of `ledger:verify`.
 */
@Injectable()
export class DataGenerator {
  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly firstStaffUser: FirstStaffUser,
    private readonly sealer: JournalSealer,
  ) {}

  /**
   * All in one transaction, or nothing; afterwards the journal is sealed, which a server would do in its background too.
   * Memory does not grow with the sales, only with the largest affiliate's.
   *
   * @throws GenerationRefusedError where data must not be invented.
   */
  async generate(
    options: GenerationOptions,
    { anyway, onProgress }: { anyway: boolean; onProgress: OnProgress },
  ): Promise<Generated> {
    await this.refuse(anyway);
    await this.firstStaffUser.ensure();
    const now = this.clock.now();
    const start = DateTime.fromJSDate(now, { zone: 'utc' }).minus({ months: options.months }).toJSDate();
    const client = await this.database.pool.connect();
    let isBroken = true;
    try {
      await createClickPartitions(client, { start, now });
      await client.query(`BEGIN; ${FOR_BULK}`);
      const random = new Random(options.seed, WORLD_STREAM);
      const world = await createWorld(client, { options, random, config: this.config, start, now });
      const counts = await writeAll(client, world, onProgress);
      await client.query('COMMIT');
      isBroken = false;
      onProgress('sealing the journal', 0, 1);
      return { ...counts, sealed: await this.sealer.sealAll() };
    } finally {
      // After an error the connection is closed, and its transaction with it.
      client.release(isBroken);
    }
  }

  private async refuse(anyway: boolean): Promise<void> {
    if (this.config.livemode) {
      throw new GenerationRefusedError('STRIPE_SECRET_KEY is a live key, by which invented money would be paid.');
    }
    if (anyway) return;
    if (this.config.production) {
      throw new GenerationRefusedError('NODE_ENV is production. With --anyway it is done all the same.');
    }
    if (await this.database.prisma.affiliate.findFirst({ select: { id: true } })) {
      throw new GenerationRefusedError(
        'the database has affiliates already. With --anyway more are added; take a --seed that was not used there.',
      );
    }
  }
}

async function writeAll(
  client: pg.ClientBase,
  world: World,
  onProgress: OnProgress,
): Promise<Omit<Generated, 'sealed'>> {
  await createStaging(client);
  const { affiliates, sales } = await writeHistories(client, world, onProgress);
  let stored = 0;
  await storeStaged(client, () => onProgress('storing', stored++, TABLE_NAMES.length));
  await publishEvents(client);
  for (const { id } of world.runs) {
    const { text, values } = keepingOutcome(id);
    await client.query(text, values);
  }
  const copy = new BulkCopy(client, (table) => table);
  const random = new Random(world.seed, CLICK_STREAM);
  const days = new ClickDays({ client, copy, ids: new TimedIds(random), random }, affiliates);
  const expected = Math.round(affiliates.reduce((sum, one) => sum + clicksOf(one), 0));
  await days.write(world.start, world.now, (clicks) => onProgress('clicks', clicks, expected));
  return { sales, clicks: days.clicks };
}

async function writeHistories(
  client: pg.ClientBase,
  world: World,
  onProgress: OnProgress,
): Promise<{ affiliates: ClickedAffiliate[]; sales: number }> {
  const copy = new BulkCopy(client, stagedTable);
  const affiliates: ClickedAffiliate[] = [];
  let sales = 0;
  for (const [index, share] of sharesOf(world.affiliates).entries()) {
    const random = new Random(world.seed, index);
    const history = new AffiliateHistory(new Chronicle(world, copy, new TimedIds(random), random), index);
    sales += history.write(Math.floor(share * world.salesPerAffiliate + random.fraction()));
    const { affiliate, code, activeUntil: until } = history.profile;
    const { id: affiliateId, createdAt: from } = affiliate;
    const days = Math.max(1, (until.getTime() - from.getTime()) / DAY_MS);
    affiliates.push({ affiliateId, code, from, until, clicksPerDay: (share * world.clicksPerAffiliate) / days });
    await copy.flushFull();
    onProgress('affiliates', index + 1, world.affiliates);
  }
  await copy.finish();
  return { affiliates, sales };
}

function clicksOf({ from, until, clicksPerDay }: ClickedAffiliate): number {
  return (clicksPerDay * (until.getTime() - from.getTime())) / DAY_MS;
}

/** Gives the events their places in the feed, which all readers have passed: nobody is told of what was made up. */
async function publishEvents(client: pg.ClientBase): Promise<void> {
  await client.query('SELECT 1 FROM event_feed FOR UPDATE');
  const { rowCount } = await client.query(`
    UPDATE domain_events e SET position = placed.position
    FROM (
      SELECT id, (SELECT last_position FROM event_feed) + row_number() OVER (ORDER BY sequence) AS position
      FROM domain_events WHERE position IS NULL
    ) placed
    WHERE e.id = placed.id`);
  await client.query('UPDATE event_feed SET last_position = last_position + $1', [rowCount]);
  await client.query('UPDATE event_consumers SET position = (SELECT last_position FROM event_feed)');
}
