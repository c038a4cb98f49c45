import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { SingleFlight } from '../common/single-flight.js';
import { Database, type Tx } from '../database/database.js';
import { isDatabaseUnavailable } from '../database/database-errors.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { liftTimeLimit } from '../database/time-limit.js';
import { hashOfBody } from './body-hash.js';
import { toErrorResponse } from './error-response.js';

const KEY_LENGTH_MAX = 255;
/** A process that died holds its key no longer than this. */
const LEASE_MS = 60_000;
/** The contract promises 24 hours. */
const KEPT_MS = 48 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
const SECOND_MS = 1_000;
/** What a long outage leaves beyond these waits until its lease has run out. */
const UNSETTLED_MAX = 10_000;
const STORED_ERROR_STATUSES = new Set([404, 409, 422]);

export interface Answer<T> {
  status: number;
  body: T;
}

interface KeyId {
  subject: string;
  method: string;
  path: string;
  key: string;
}

/** A key that is ours under a lease. */
export interface Claim extends KeyId {
  leaseToken: string;
}

/** An answer to be stored under its key. */
export interface ClaimedAnswer {
  claim: Claim;
  answer: Answer<unknown>;
}

/** What becomes of a key whose work has had no effect: its answer is kept, or it is let go of. */
interface Failure {
  claim: Claim;
  answer: Answer<unknown> | null;
}

/** Thrown inside the transaction so that it rolls back: others work under these keys by now. */
export class LeaseLostError extends Error {
  constructor(readonly lost: readonly Claim[]) {
    super('others work under these idempotency keys by now');
    this.name = 'LeaseLostError';
  }
}

/**
 * Gives a repeated POST the first answer again.
 *
 * A key is claimed under a lease before the work; the answer is stored in the transaction of the work itself, guarded
 * by the lease's token, so effect and answer stand or fall together and a process that lost its lease has no effect.
 *
 * A key whose work failed is let go of at once, or as soon as the database answers again. That is safe even where nobody
 * knows whether the work was committed: COMMIT is only sent once the answer is stored, and whoever stores it keeps the key's
 * row locked. So letting go waits for that transaction, and finds the answer where it was committed; and where it comes
 * first, there is no claim any more to store an answer under, and COMMIT is never sent.
 */
@Injectable()
export class Idempotency implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Idempotency');
  /** Those that could not be settled, since the database was away; by the lease's token. */
  private readonly unsettled = new Map<string, Failure>();
  private readonly flight = new SingleFlight();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs `work` in one transaction and sets the reply's status; a controller returns what this returns. With an
   * Idempotency-Key and a token, runs it once per key. `work` may be run again after a deadlock and must have no
   * effect outside `tx`.
   *
   * @throws DomainError `idempotency_key_invalid` (400), `idempotency_key_reused` or `idempotency_in_progress` (409);
   *   else what `work` throws. Of those errors, 404, 409 and 422 are stored as answers.
   */
  run<T>(request: FastifyRequest, reply: FastifyReply, work: (tx: Tx) => Promise<Answer<T>>): Promise<T> {
    return this.runTogether(request, reply, (claim) =>
      this.database.transaction(async (tx) => {
        const answer = await work(tx);
        if (claim) await this.store(tx, [{ claim, answer }]);
        return answer;
      }),
    );
  }

  /**
   * `run` for work that shares its transaction with that of other requests: `work` is given the claim, if there is one, and
   * must `store` the answer under it in the transaction that has the effect.
   */
  async runTogether<T>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (claim: Claim | null) => Promise<Answer<T>>,
  ): Promise<T> {
    const id = keyIdOf(request);
    const claim = id && (await this.claim(id, hashOfBody(request.body)));
    if (claim && 'status' in claim) {
      reply.status(claim.status).header('Idempotent-Replayed', 'true');
      return claim.body as T;
    }
    let answer: Answer<T>;
    try {
      answer = await work(claim);
    } catch (error) {
      if (error instanceof LeaseLostError) throw inProgress();
      if (claim) await this.settleFailure(claim, error, request.id);
      throw error;
    }
    reply.status(answer.status);
    return answer.body;
  }

  /**
   * `run` for work that has no effect and may ask others or take long: it runs outside a transaction, and its answer is
   * stored by one of its own.
   */
  runReading<T>(request: FastifyRequest, reply: FastifyReply, work: () => Promise<Answer<T>>): Promise<T> {
    return this.runTogether(request, reply, async (claim) => {
      const answer = await work();
      if (claim) await this.database.transaction((tx) => this.store(tx, [{ claim, answer }]));
      return answer;
    });
  }

  /**
   * Stores answers under their keys, in the transaction that has their effects, which must roll back when this throws: one
   * statement for any number. The text is kept as it is sent, so that a replay is equal to the byte.
   *
   * @throws LeaseLostError naming those whose claim does not stand any more.
   */
  async store(tx: SqlTx, answers: readonly ClaimedAnswer[]): Promise<void> {
    const lost = await storeAnswers(tx, answers);
    if (lost.length > 0) throw new LeaseLostError(lost);
  }

  /** Lets go of what could not be let go of while the database was away. Never rejects. */
  @Interval(SECOND_MS)
  settleLeft(): Promise<void> {
    return this.flight.join(() => this.trySettlingLeft());
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.flight.ended();
  }

  /** Deletes keys that nobody may rely on any more. Any number of instances may do it at once. */
  @Interval(HOUR_MS)
  async deleteExpired(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - KEPT_MS);
    try {
      await this.database.transaction(async (tx) => {
        await liftTimeLimit(tx);
        await tx.idempotencyKey.deleteMany({ where: { createdAt: { lt: before } } });
      });
    } catch (error) {
      this.logger.warn({ err: error, message: 'old idempotency keys could not be deleted; tried again in an hour' });
    }
  }

  /** Claims the key, or returns the answer that is stored under it. */
  private async claim(id: KeyId, requestHash: Buffer): Promise<Claim | Answer<unknown>> {
    const claim = { ...id, leaseToken: randomUUID() };
    try {
      return await this.tryClaim(claim, requestHash);
    } catch (error) {
      // The claim may be there all the same, and nobody works under it.
      if (isDatabaseUnavailable(error)) this.settleLater({ claim, answer: null });
      throw error;
    }
  }

  private async tryClaim(claim: Claim, requestHash: Buffer): Promise<Claim | Answer<unknown>> {
    const { leaseToken, ...id } = claim;
    const now = this.clock.now();
    const leaseUntil = new Date(now.getTime() + LEASE_MS);
    const keys = this.database.prisma.idempotencyKey;
    const { count } = await keys.createMany({
      data: [{ ...claim, requestHash: new Uint8Array(requestHash), leaseUntil, createdAt: now }],
      skipDuplicates: true,
    });
    if (count === 1) return claim;

    const existing = await keys.findUnique({ where: { subject_method_path_key: id } });
    // Released between the two statements, because the work of its holder failed: it is free again.
    if (existing === null) return this.tryClaim(claim, requestHash);
    if (!requestHash.equals(existing.requestHash)) {
      throw new DomainError(
        'conflict',
        'idempotency_key_reused',
        'This Idempotency-Key was used with another body; take a new key.',
      );
    }
    if (existing.responseStatus !== null) {
      return { status: existing.responseStatus, body: JSON.parse(existing.responseBody as string) };
    }
    if (existing.leaseUntil > now) throw inProgress();
    const taken = await keys.updateMany({
      where: { ...id, leaseToken: existing.leaseToken, responseStatus: null },
      data: { leaseToken, leaseUntil },
    });
    if (taken.count === 0) throw inProgress();
    return claim;
  }

  /** After the rollback: an answer of the domain is kept, anything else lets go of the key. */
  private async settleFailure(claim: Claim, error: unknown, requestId: string): Promise<void> {
    const { status, body } = toErrorResponse(error, requestId);
    const failure: Failure = { claim, answer: STORED_ERROR_STATUSES.has(status) ? { status, body } : null };
    try {
      await this.settle([failure]);
    } catch (problem) {
      this.settleLater(failure);
      this.logger.warn({ err: problem, requestId, message: 'an idempotency key is let go of later' });
    }
  }

  private async trySettlingLeft(): Promise<void> {
    const left = [...this.unsettled.values()];
    if (left.length === 0) return;
    try {
      await this.settle(left);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) {
        this.logger.warn({ err: error, message: 'idempotency keys could not be let go of; tried again in a second' });
      }
      return;
    }
    for (const { claim } of left) this.unsettled.delete(claim.leaseToken);
  }

  private settleLater(failure: Failure): void {
    if (this.unsettled.size < UNSETTLED_MAX) this.unsettled.set(failure.claim.leaseToken, failure);
  }

  /** Changes nothing where an answer is stored or somebody else has the lease by now. */
  private async settle(failures: readonly Failure[]): Promise<void> {
    const answers = failures.flatMap(({ claim, answer }) => (answer ? [{ claim, answer }] : []));
    await storeAnswers(this.database.prisma, answers);
    await releaseClaims(
      this.database.prisma,
      failures.flatMap(({ claim, answer }) => (answer ? [] : [claim])),
    );
  }
}

function keyIdOf(request: FastifyRequest): KeyId | null {
  const key = request.headers['idempotency-key'];
  const principal = request.principal;
  if (key === undefined || principal === null || principal.scope === 'snippet') return null;
  if (typeof key !== 'string' || key.length === 0 || key.length > KEY_LENGTH_MAX) {
    throw new DomainError(
      'invalid',
      'idempotency_key_invalid',
      `Idempotency-Key must have 1 to ${KEY_LENGTH_MAX} characters.`,
    );
  }
  const path = request.url.split('?', 1)[0] ?? request.url;
  return { subject: principal.subject, method: request.method, path, key };
}

/** @returns the claims that do not stand any more, whose answers were not stored. */
async function storeAnswers(tx: SqlTx, answers: readonly ClaimedAnswer[]): Promise<Claim[]> {
  if (answers.length === 0) return [];
  const of = <T>(column: (answer: ClaimedAnswer) => T): T[] => answers.map(column);
  const rows = await tx.$queryRaw<{ leaseToken: string }[]>`
    UPDATE idempotency_keys k SET response_status = a.status, response_body = to_jsonb(a.body)
    FROM unnest(${of(({ claim }) => claim.subject)}::text[], ${of(({ claim }) => claim.method)}::text[],
                ${of(({ claim }) => claim.path)}::text[], ${of(({ claim }) => claim.key)}::text[],
                ${of(({ claim }) => claim.leaseToken)}::text[], ${of(({ answer }) => answer.status)}::int[],
                ${of(({ answer }) => JSON.stringify(answer.body ?? null))}::text[])
      AS a (subject, method, path, key, lease_token, status, body)
    WHERE k.subject = a.subject AND k.method = a.method AND k.path = a.path AND k.key = a.key
      AND k.lease_token = a.lease_token AND k.response_status IS NULL
    RETURNING k.lease_token AS "leaseToken"`;
  const stored = new Set(rows.map(({ leaseToken }) => leaseToken));
  return answers.flatMap(({ claim }) => (stored.has(claim.leaseToken) ? [] : [claim]));
}

async function releaseClaims(tx: SqlTx, claims: readonly Claim[]): Promise<void> {
  if (claims.length === 0) return;
  const of = (column: (claim: Claim) => string): string[] => claims.map(column);
  await tx.$executeRaw`
    DELETE FROM idempotency_keys k
    USING unnest(${of(({ subject }) => subject)}::text[], ${of(({ method }) => method)}::text[], ${of(({ path }) => path)}::text[],
                 ${of(({ key }) => key)}::text[], ${of(({ leaseToken }) => leaseToken)}::text[])
      AS c (subject, method, path, key, lease_token)
    WHERE k.subject = c.subject AND k.method = c.method AND k.path = c.path AND k.key = c.key
      AND k.lease_token = c.lease_token AND k.response_status IS NULL`;
}

function inProgress(): DomainError {
  return new DomainError(
    'conflict',
    'idempotency_in_progress',
    'A request with this Idempotency-Key is still running; try again shortly.',
  );
}
