import { setImmediate } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../../common/domain-error.js';
import { Database } from '../../database/database.js';
import { isDatabaseUnavailable, isLockedByOthers } from '../../database/database-errors.js';
import { GroupCommit, GroupCommitOverloadedError } from '../../database/group-commit.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import { Idempotency, LeaseLostError, type Answer, type Claim } from '../../http/idempotency.js';
import { namesOf } from '../referral-locks.js';
import type { Signup } from './attribution-facts.js';
import type { AttributionDto } from './attribution.dto.js';
import { AttributionService, type SignupResult } from './attribution.service.js';

/** More than requests may be under way (RequestLimit); a group takes some hundredths of a second. */
const MAX_QUEUED = 500;
/** More would save little, and hold the days of many affiliates for longer. */
const MAX_GROUP = 100;
/** Answers of a group that are given in one go; what the database says of the next group is heard in between. */
const ANSWERED_AT_ONCE = 8;
/** Of so many affiliates things are kept locked at the same time; of more, several groups of one may wait beside each other. */
const MAX_AFFILIATES_APART = 500;

interface Reported {
  signup: Signup;
  /** The Idempotency-Key under which it was reported. */
  claim: Claim | null;
  result: SignupResult | LeaseLostError;
  /** Resolves once the result is committed; rejects where it was not. */
  committed: Promise<void> | null;
  /** After how many turns of the event loop it is answered then. */
  turn: number;
}

/** Runs the work of a group in a transaction. */
type Run = (work: (tx: SqlTx) => Promise<SignupResult[]>) => Promise<SignupResult[]>;

/**
 * Decides about signups as they are reported. Those that arrive while others are being written share the next transaction
 * and its statements; on a quiet system a group is one signup. The next transaction begins behind COMMIT, without waiting
 * for it. Several of one user or one Stripe customer are written one after the other.
 *
 * A group that waits in vain for what somebody keeps locked, such as the balance of an affiliate who is being rejected, is
 * written affiliate by affiliate instead, beside the groups that follow: who must go on waiting keeps nobody else. For as long
 * as one of an affiliate waits there, those that are reported for the same affiliate join it at once: they would keep another
 * group, and everybody behind it, waiting in vain for the same.
 */
@Injectable()
export class SignupGroups implements BeforeApplicationShutdown {
  private readonly group = groupOf((reported) => this.write(reported));
  private readonly apart = new LRUCache<string, GroupCommit<Reported>>({
    max: MAX_AFFILIATES_APART,
    memoMethod: (affiliateId) => groupOf((reported) => this.writeApart(affiliateId, reported)),
  });

  /** Of whom a group apart is being written. */
  private readonly busy = new Set<string>();

  /** Groups are committed one after the other. */
  private last: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly attribution: AttributionService,
    private readonly idempotency: Idempotency,
  ) {}

  /**
   * Resolves once what was decided is committed, with the answer that is stored under the claim, if there is one.
   *
   * @throws DomainError what AttributionService.attributeAll answers where the signup is invalid, or `overloaded` (503);
   *   LeaseLostError, without any effect, when others work under the key by now; the database's error, where it waits in vain
   *   for what somebody keeps locked (isLockedByOthers), too.
   */
  async attribute(signup: Signup, claim: Claim | null): Promise<Answer<AttributionDto>> {
    const { result, turn } = await this.report(signup, claim);
    for (let waited = 0; waited < turn; waited++) await setImmediate();
    if (result instanceof Error) throw result;
    return result ?? this.attributeAlone(signup, claim);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.group, ...this.apart.values()].map((group) => group.drain()));
    await Promise.allSettled([this.last]);
  }

  private async report(signup: Signup, claim: Claim | null): Promise<Reported> {
    const affiliateOf = (): Promise<string | null> => this.attribution.affiliateOf(this.database.prisma, signup);
    // Whose signup it is costs a question, which is asked only where somebody is busy.
    const known = this.busy.size > 0 ? await affiliateOf() : null;
    if (known !== null && this.busy.has(known)) return this.join(this.apart.memo(known), signup, claim);
    try {
      return await this.join(this.group, signup, claim);
    } catch (error) {
      if (!isLockedByOthers(error)) throw error;
      return this.join(this.apart.memo((await affiliateOf()) ?? ''), signup, claim);
    }
  }

  /** @returns what became of the signup; without a result where it is to be attributed alone. */
  private async join(group: GroupCommit<Reported>, signup: Signup, claim: Claim | null): Promise<Reported> {
    const reported: Reported = { signup, claim, result: null, committed: null, turn: 0 };
    try {
      await group.add(reported);
    } catch (error) {
      if (!(error instanceof GroupCommitOverloadedError)) throw error;
      throw new DomainError('unavailable', 'overloaded', 'Too many signups are waiting to be stored; try again.');
    }
    try {
      await reported.committed;
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
      // It was rolled back at its very end, maybe on account of another one.
      reported.result = null;
    }
    return reported;
  }

  /** Resolves once all is sent. What fails before rejects; what fails after is told by `committed`. */
  private write(reported: Reported[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const committed = this.transact(reported, (work) => this.database.groupTransaction(work, resolve));
      for (const [place, each] of reported.entries()) {
        each.committed = committed;
        each.turn = Math.floor(place / ANSWERED_AT_ONCE);
      }
      this.last = committed;
      committed.then(resolve, reject);
    });
  }

  /** Busy is who has a connection, not who waits for one behind others. */
  private async writeApart(affiliateId: string, reported: Reported[]): Promise<void> {
    const run: Run = (work) =>
      this.database.patientTransaction((tx) => {
        this.busy.add(affiliateId);
        return work(tx);
      });
    try {
      await this.transact(reported, run);
    } finally {
      this.busy.delete(affiliateId);
    }
  }

  private async transact(reported: Reported[], run: Run): Promise<void> {
    if (reported.length === 0) return;
    try {
      const results = await run((tx) => this.attributeTogether(tx, reported));
      reported.forEach((each, index) => (each.result = results[index] ?? null));
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      // Whoever has lost its lease must have no effect: the others are written without it.
      const lost = new Set(error.lost);
      const isLost = ({ claim }: Reported): boolean => claim !== null && lost.has(claim);
      for (const each of reported.filter(isLost)) each.result = error;
      await this.transact(
        reported.filter((each) => !isLost(each)),
        run,
      );
    }
  }

  private async attributeTogether(tx: SqlTx, reported: readonly Reported[]): Promise<SignupResult[]> {
    const results = await this.attribution.attributeAll(
      tx,
      reported.map(({ signup }) => signup),
    );
    const answers = reported.flatMap(({ claim }, index) => {
      const result = results[index];
      return claim && result && !(result instanceof DomainError) ? [{ claim, answer: result }] : [];
    });
    await this.idempotency.store(tx, answers);
    return results;
  }

  /** Somebody else decides about this user or customer: waits for them, while groups go on without this one. */
  private attributeAlone(signup: Signup, claim: Claim | null): Promise<Answer<AttributionDto>> {
    return this.database.sqlTransaction(async (tx) => {
      const answer = await this.attribution.attribute(tx, signup);
      if (claim) await this.idempotency.store(tx, [{ claim, answer }]);
      return answer;
    });
  }
}

function groupOf(flush: (reported: Reported[]) => Promise<void>): GroupCommit<Reported> {
  return new GroupCommit(flush, {
    maxQueued: MAX_QUEUED,
    maxBatch: MAX_GROUP,
    keysOf: ({ signup }) => namesOf(signup),
  });
}
