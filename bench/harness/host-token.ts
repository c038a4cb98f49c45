import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';

export const JWT_SECRET = 'a secret that is used for nothing but the bench';

/** A token of the host's server, good for an hour. */
export function hostToken(): string {
  const expiresAt = Math.floor(Date.now() / 1000) + 3600;
  return jwt.sign(
    { sub: 'host', scope: 'host', aud: 'fairshare', exp: expiresAt },
    createSecretKey(Buffer.from(JWT_SECRET)),
  );
}
