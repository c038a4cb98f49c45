import { KeyObject } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { RemoteJWKSet } from 'jose';
import type { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How old keys become before the address is asked again. */
const FRESH_MS = 10 * MINUTE_MS;
/**
 * How old they may become while it does not answer: as long as a token that was signed with one of them may be valid. A key
 * that is withdrawn meanwhile goes on being used, which ends as soon as the address answers.
 */
const USABLE_MS = 24 * HOUR_MS;
/** How often an address that does not answer is asked again; nobody else waits for it meanwhile. */
const ASKED_AGAIN_AFTER_MS = 30 * SECOND_MS;

/** How often an unknown `kid` asks again ahead of its time, until jose itself would ask. */
const EARLY_FETCHES_MAX = 5;

/**
 * Keys of a JWKS address. They are asked for again after ten minutes; those that are known are used for up to a day where it
 * does not answer. An unknown `kid` asks again, at once and no more than a few times in half a minute: a host that changes its
 * key is understood right away, and guessing key ids makes this service call out no more than that.
 */
export class RemoteKeys {
  private readonly logger = new Logger(RemoteKeys.name);
  private readonly converted = new WeakMap<object, KeyObject>();
  private jwks: RemoteJWKSet | undefined;
  private fetchedAtMs = -Infinity;
  private askedAtMs = -Infinity;
  private earlyFetches = 0;

  constructor(
    private readonly url: string,
    private readonly clock: Clock,
  ) {}

  /**
   * The header's `alg` must fit the key's type.
   * @throws DomainError `jwks_unavailable`, where the address does not answer and the key is not known, or for too long.
   */
  async keyFor(token: string): Promise<KeyObject> {
    // Loaded here, since services whose key is configured never need it.
    const { createRemoteJWKSet, decodeProtectedHeader, errors } = await import('jose');
    const jwks = (this.jwks ??= createRemoteJWKSet(new URL(this.url), { cacheMaxAge: Infinity }));
    const header = decodeProtectedHeader(token);
    if (header.alg !== 'RS256' && header.alg !== 'ES256') throw new Error('the algorithm is not allowed');
    const wanted = { ...header, alg: header.alg };
    try {
      const { coolingDown } = jwks;
      if (!coolingDown) this.earlyFetches = 0;
      await this.refresh(jwks);
      const found = await jwks(wanted).catch(async (error: unknown) => {
        const mayAskEarly = coolingDown && this.earlyFetches < EARLY_FETCHES_MAX;
        if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAskEarly) throw error;
        this.earlyFetches++;
        await jwks.reload();
        return jwks(wanted);
      });
      const key = this.converted.get(found) ?? KeyObject.from(found);
      this.converted.set(found, key);
      return key;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      // The address does not answer: nothing is known about this token, good or bad.
      throw new DomainError(
        'unavailable',
        'jwks_unavailable',
        'The keys that verify tokens cannot be fetched; try again.',
      );
    }
  }

  /** Rejects where there are no keys that may be used. */
  private async refresh(jwks: RemoteJWKSet): Promise<void> {
    const nowMs = this.clock.now().getTime();
    const ageMs = nowMs - this.fetchedAtMs;
    if (ageMs < FRESH_MS) return;
    const isUsable = ageMs < USABLE_MS;
    if (isUsable && nowMs - this.askedAtMs < ASKED_AGAIN_AFTER_MS) return;
    this.askedAtMs = nowMs;
    try {
      await jwks.reload();
      this.fetchedAtMs = nowMs;
    } catch (error) {
      if (!isUsable) throw error;
      this.logger.warn({
        message: 'the keys of JWT_JWKS_URL cannot be fetched; those that are known are used for now',
        fetchedAt: new Date(this.fetchedAtMs).toISOString(),
        error: String(error),
      });
    }
  }
}
