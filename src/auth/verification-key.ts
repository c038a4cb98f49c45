import { KeyObject } from 'node:crypto';
import { createRemoteJWKSet, decodeProtectedHeader, errors } from 'jose';
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
  return { algorithms: [jwt.algorithm], keyFor: () => jwt.key };
}

/**
 * Keys of a JWKS address. They are kept for ten minutes; an unknown `kid` asks again at most every 30 seconds, so
 * guessing key ids does not make this service call out. The header's `alg` must fit the key's type.
 */
function remoteKeys(url: string): (token: string) => Promise<KeyObject> {
  const find = createRemoteJWKSet(new URL(url));
  const converted = new WeakMap<object, KeyObject>();
  return async (token) => {
    const header = decodeProtectedHeader(token);
    if (header.alg !== 'RS256' && header.alg !== 'ES256') throw new Error('the algorithm is not allowed');
    try {
      const found = await find({ ...header, alg: header.alg });
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
