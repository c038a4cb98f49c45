import { createHash, randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { Database, type Tx } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { toErrorResponse } from './error-response.js';

const KEY_LENGTH_MAX = 255;
/** A process that died holds its key no longer than this. */
const LEASE_MS = 60_000;
/** The contract promises 24 hours. */
const KEPT_MS = 48 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
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
 */
@Injectable()
export class Idempotency {
  private readonly logger = new Logger('Idempotency');

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
    const claim = id && (await this.claim(id, hashOf(request.body)));
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
   * Stores answers under their keys, in the transaction that has their effects, which must roll back when this throws: one
   * statement for any number. The text is kept as it is sent, so that a replay is equal to the byte.
   *
   * @throws LeaseLostError naming those whose claim does not stand any more.
   */
  async store(tx: SqlTx, answers: readonly ClaimedAnswer[]): Promise<void> {
    const lost = await storeAnswers(tx, answers);
    if (lost.length > 0) throw new LeaseLostError(lost);
  }

  /** Deletes keys that nobody may rely on any more. Any number of instances may do it at once. */
  @Interval(HOUR_MS)
  async deleteExpired(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - KEPT_MS);
    try {
      await this.database.prisma.idempotencyKey.deleteMany({ where: { createdAt: { lt: before } } });
    } catch (error) {
      this.logger.warn({ err: error, message: 'old idempotency keys could not be deleted; tried again in an hour' });
    }
  }

  /** Claims the key, or returns the answer that is stored under it. */
  private async claim(id: KeyId, requestHash: Buffer): Promise<Claim | Answer<unknown>> {
    const leaseToken = randomUUID();
    const now = this.clock.now();
    const leaseUntil = new Date(now.getTime() + LEASE_MS);
    const keys = this.database.prisma.idempotencyKey;
    const { count } = await keys.createMany({
      data: [{ ...id, requestHash: new Uint8Array(requestHash), leaseToken, leaseUntil, createdAt: now }],
      skipDuplicates: true,
    });
    if (count === 1) return { ...id, leaseToken };

    const existing = await keys.findUnique({ where: { subject_method_path_key: id } });
    // Released between the two statements, because the work of its holder failed: it is free again.
    if (existing === null) return this.claim(id, requestHash);
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
    return { ...id, leaseToken };
  }

  /** After the rollback: an answer of the domain is kept, anything else lets go of the key. */
  private async settleFailure(claim: Claim, error: unknown, requestId: string): Promise<void> {
    const { status, body } = toErrorResponse(error, requestId);
    try {
      if (STORED_ERROR_STATUSES.has(status))
        await storeAnswers(this.database.prisma, [{ claim, answer: { status, body } }]);
      else await this.database.prisma.idempotencyKey.deleteMany({ where: { ...claim, responseStatus: null } });
    } catch (failure) {
      // The caller learns why the work failed; the key comes free when its lease ends.
      this.logger.warn({ err: failure, requestId, message: 'an idempotency key could not be settled' });
    }
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

function inProgress(): DomainError {
  return new DomainError(
    'conflict',
    'idempotency_in_progress',
    'A request with this Idempotency-Key is still running; try again shortly.',
  );
}

/** Equal for bodies that differ only in white space or in the order of keys. */
function hashOf(body: unknown): Buffer {
  return createHash('sha256')
    .update(canonicalJson(body ?? null))
    .digest();
}

function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
