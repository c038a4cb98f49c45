import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { Database, type Tx } from '../database/database.js';
import { clientKey } from '../http/rate-limiter.js';
import { derivedKey } from '../config/derived-key.js';
import { tooManyAttempts } from './staff-errors.js';

const WINDOW_MS = 15 * 60 * 1000;

/** Wrong log-ins within the window, after which the next one is refused whatever it says. */
const TRIES_MAX = {
  /** Of one account from one address: somebody who guesses, or has forgotten. */
  accountAndIp: 10,
  /** Of one account from everywhere: many machines that guess together. */
  account: 100,
  /** Of any accounts from one address: one password tried on everybody. */
  ip: 50,
};

/** How long an address from which somebody logged in is taken for theirs. */
const IP_KNOWN_MS = 90 * 24 * 60 * 60 * 1000;

const HASH_BYTES = 16;

/** A log-in under way. */
export interface LoginTry {
  id: bigint;
  ipHash: Uint8Array<ArrayBuffer>;
}

/**
 * Makes guessing passwords slow, over all instances together: every log-in is counted in PostgreSQL before its password
 * is looked at, so that a thousand at once are counted like a thousand in a row, and is taken off again if it was right.
 * What is refused is not counted, so a refusal ends by itself. Holds accounts and addresses as keyed hashes only.
 *
 * Somebody who floods an account from many machines does not lock its owner out: an address from which the owner has
 * logged in lately only answers for its own tries at that account.
 */
@Injectable()
export class LoginThrottle {
  private readonly key: Buffer;

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    config: Config,
  ) {
    this.key = derivedKey(config, 'log-in tries');
  }

  /**
   * Counts a log-in before it is looked at. Locks the account's and the address's counters for a moment.
   * @throws HttpError 429 `too_many_attempts` with Retry-After.
   */
  async begin(email: string, ip: string): Promise<LoginTry> {
    const accountHash = this.hash('account', email);
    const ipHash = this.hash('ip', clientKey(ip));
    return this.database.transaction(async (tx) => {
      // Account before address, everywhere: whoever holds the second lock waits for nobody.
      await lockCounter(tx, accountHash);
      await lockCounter(tx, ipHash);
      const nowMs = this.clock.now().getTime();
      const fullSince = await this.findFull(tx, email, accountHash, ipHash);
      if (fullSince) throw tooManyAttempts(Math.ceil((fullSince.getTime() + WINDOW_MS - nowMs) / 1000));
      const { id } = await tx.staffLoginTry.create({ data: { accountHash, ipHash, triedAt: new Date(nowMs) } });
      return { id, ipHash };
    });
  }

  /** The log-in was no wrong one: it does not count. */
  async forget({ id }: LoginTry): Promise<void> {
    await this.database.prisma.staffLoginTry.deleteMany({ where: { id } });
  }

  /** The log-in was right: it does not count, and its address is known to be theirs. */
  async succeed(login: LoginTry, staffUserId: string): Promise<void> {
    await this.forget(login);
    const lastSeenAt = this.clock.now();
    await this.database.prisma.staffKnownIp.upsert({
      where: { staffUserId_ipHash: { staffUserId, ipHash: login.ipHash } },
      create: { staffUserId, ipHash: login.ipHash, lastSeenAt },
      update: { lastSeenAt },
    });
  }

  /** An operator vouches for the account: what was tried before does not count. */
  async forgive(tx: Tx, email: string): Promise<void> {
    await tx.staffLoginTry.deleteMany({ where: { accountHash: this.hash('account', email) } });
  }

  @Cron(CronExpression.EVERY_HOUR)
  async cleanUp(): Promise<void> {
    const nowMs = this.clock.now().getTime();
    await this.database.prisma.staffLoginTry.deleteMany({ where: { triedAt: { lt: new Date(nowMs - WINDOW_MS) } } });
    await this.database.prisma.staffKnownIp.deleteMany({
      where: { lastSeenAt: { lt: new Date(nowMs - IP_KNOWN_MS) } },
    });
  }

  /** Since when the fullest of the counters is full: one window later there is room again. Null while there is room. */
  private async findFull(tx: Tx, email: string, accountHash: Uint8Array, ipHash: Uint8Array): Promise<Date | null> {
    const nowMs = this.clock.now().getTime();
    const since = new Date(nowMs - WINDOW_MS);
    const [row] = await tx.$queryRaw<{ since: Date | null }[]>`
      WITH known AS (
        SELECT EXISTS (
          SELECT 1 FROM staff_known_ips k JOIN staff_users u ON u.id = k.staff_user_id
          WHERE u.email = ${email} AND k.ip_hash = ${ipHash} AND k.last_seen_at > ${new Date(nowMs - IP_KNOWN_MS)}
        ) AS is_known
      )
      SELECT greatest(
        (SELECT tried_at FROM staff_login_tries
         WHERE account_hash = ${accountHash} AND ip_hash = ${ipHash} AND tried_at > ${since}
         ORDER BY tried_at DESC OFFSET ${TRIES_MAX.accountAndIp - 1} LIMIT 1),
        (SELECT tried_at FROM staff_login_tries, known WHERE NOT is_known AND account_hash = ${accountHash} AND tried_at > ${since}
         ORDER BY tried_at DESC OFFSET ${TRIES_MAX.account - 1} LIMIT 1),
        (SELECT tried_at FROM staff_login_tries, known WHERE NOT is_known AND ip_hash = ${ipHash} AND tried_at > ${since}
         ORDER BY tried_at DESC OFFSET ${TRIES_MAX.ip - 1} LIMIT 1)
      ) AS since`;
    return row?.since ?? null;
  }

  private hash(what: 'account' | 'ip', value: string): Uint8Array<ArrayBuffer> {
    const digest = createHmac('sha256', this.key).update(`${what}:${value}`).digest();
    return new Uint8Array(digest.subarray(0, HASH_BYTES));
  }
}

/** Counting and adding must be one step, or many log-ins at once would each find room. */
async function lockCounter(tx: Tx, hash: Uint8Array): Promise<void> {
  const name = `staff_login:${Buffer.from(hash).toString('hex')}`;
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
}
