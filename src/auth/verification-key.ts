import { createHmac, KeyObject, timingSafeEqual } from 'node:crypto';
import type { RemoteJWKSet } from 'jose';
import type { Algorithm } from 'jsonwebtoken';
import { DomainError } from '../common/domain-error.js';
import type { JwtVerification } from '../config/config.js';

export interface VerificationKeys {
  /** Nothing else is accepted, whatever a token's own header says. */
  algorithms: Algorithm[];
  /** As a KeyObject: from a string, each check would build one first (380 µs instead of 14). */
  keyFor(token: string): Promise<KeyObject> | KeyObject;
}

export function verificationKeys(jwt: JwtVerification): VerificationKeys {
  if (jwt.kind === 'jwks') return { algorithms: ['RS256', 'ES256'], keyFor: remoteKeys(jwt.url) };
  const { algorithm, key } = jwt;
  const previousKey = jwt.kind === 'secret' ? jwt.previousKey : undefined;
  if (previousKey === undefined) return { algorithms: [algorithm], keyFor: () => key };
  return { algorithms: [algorithm], keyFor: (token) => (isSignedWith(previousKey, token) ? previousKey : key) };
}

/** Chooses a key only: whether the token is good is checked with it as with any other. */
function isSignedWith(key: KeyObject, token: string): boolean {
  const end = token.lastIndexOf('.');
  const expected = createHmac('sha256', key)
    .update(token.slice(0, Math.max(end, 0)))
    .digest();
  const given = Buffer.from(token.slice(end + 1), 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** How often an unknown `kid` asks again ahead of its time, until jose itself would ask. */
const EARLY_FETCHES_MAX = 5;

/**
 * Keys of a JWKS address. They are kept for ten minutes; an unknown `kid` asks again, at once and no more than a few times
 * in half a minute: a host that changes its key is understood right away, and guessing key ids makes this service call out
 * no more than that. The header's `alg` must fit the key's type.
 */
function remoteKeys(url: string): (token: string) => Promise<KeyObject> {
  let find: RemoteJWKSet | undefined;
  let earlyFetches = 0;
  const converted = new WeakMap<object, KeyObject>();
  return async (token) => {
    // Loaded here, since services whose key is configured never need it.
    const { createRemoteJWKSet, decodeProtectedHeader, errors } = await import('jose');
    const jwks = (find ??= createRemoteJWKSet(new URL(url)));
    const header = decodeProtectedHeader(token);
    if (header.alg !== 'RS256' && header.alg !== 'ES256') throw new Error('the algorithm is not allowed');
    const { coolingDown } = jwks;
    if (!coolingDown) earlyFetches = 0;
    try {
      const wanted = { ...header, alg: header.alg };
      const found = await jwks(wanted).catch(async (error: unknown) => {
        const mayAskEarly = coolingDown && earlyFetches < EARLY_FETCHES_MAX;
        if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAskEarly) throw error;
        earlyFetches++;
        await jwks.reload();
        return jwks(wanted);
      });
      const key = converted.get(found) ?? KeyObject.from(found);
      converted.set(found, key);
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
  };
}
