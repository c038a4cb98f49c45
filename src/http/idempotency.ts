import { createHash, randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { Database, type Tx } from '../database/database.js';
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

interface Claim extends KeyId {
  leaseToken: string;
}

/** Thrown inside the transaction so that it rolls back: another process works under this key by now. */
class LeaseLostError extends Error {}

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
  async run<T>(request: FastifyRequest, reply: FastifyReply, work: (tx: Tx) => Promise<Answer<T>>): Promise<T> {
    const id = keyIdOf(request);
    if (id === null) {
      const answer = await this.database.transaction(work);
      reply.status(answer.status);
      return answer.body;
    }
    const requestHash = hashOf(request.body);
    const claim = await this.claim(id, requestHash);
    if ('status' in claim) {
      reply.status(claim.status).header('Idempotent-Replayed', 'true');
      return claim.body as T;
    }
    return this.runClaimed(claim, request.id, reply, work);
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

  private async runClaimed<T>(
    claim: Claim,
    requestId: string,
    reply: FastifyReply,
    work: (tx: Tx) => Promise<Answer<T>>,
  ): Promise<T> {
    let answer: Answer<T>;
    try {
      answer = await this.database.transaction(async (tx) => {
        const done = await work(tx);
        const stored = await storeAnswer(tx, claim, done);
        if (!stored) throw new LeaseLostError();
        return done;
      });
    } catch (error) {
      if (error instanceof LeaseLostError) throw inProgress();
      await this.settleFailure(claim, error, requestId);
      throw error;
    }
    reply.status(answer.status);
    return answer.body;
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
      if (STORED_ERROR_STATUSES.has(status)) await storeAnswer(this.database.prisma, claim, { status, body });
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

/** Stores the answer if the claim still stands. The text is kept as it is sent, so that a replay is equal to the byte. */
async function storeAnswer(tx: Tx, claim: Claim, answer: Answer<unknown>): Promise<boolean> {
  const { count } = await tx.idempotencyKey.updateMany({
    where: { ...claim, responseStatus: null },
    data: { responseStatus: answer.status, responseBody: JSON.stringify(answer.body) },
  });
  return count === 1;
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
