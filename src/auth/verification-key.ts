import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Algorithm } from 'jsonwebtoken';
import type { Clock } from '../common/clock.js';
import type { JwtVerification } from '../config/config.js';
import { RemoteKeys } from './remote-keys.js';

export interface VerificationKeys {
  /** Nothing else is accepted, whatever a token's own header says. */
  algorithms: Algorithm[];
  /** As a KeyObject: from a string, each check would build one first (380 µs instead of 14). */
  keyFor(token: string): Promise<KeyObject> | KeyObject;
}

export function verificationKeys(jwt: JwtVerification, clock: Clock): VerificationKeys {
  if (jwt.kind === 'jwks') {
    const remote = new RemoteKeys(jwt.url, clock);
    return { algorithms: ['RS256', 'ES256'], keyFor: (token) => remote.keyFor(token) };
  }
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
