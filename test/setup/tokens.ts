import { createSecretKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { DEMO } from '../../src/config/config.js';

export interface TokenOptions {
  scope?: string;
  subject?: string;
  /** In seconds from `now`; null leaves the claim out. */
  expiresIn?: number | null;
  algorithm?: jwt.Algorithm;
  key?: KeyObject | string;
  keyId?: string;
  /** Over the usual claims; undefined removes one. */
  claims?: Record<string, unknown>;
}

/** Signs a token as a host would; each test bends what it wants to see refused. */
export function signToken(now: Date, options: TokenOptions = {}): string {
  const { scope = 'host', subject = 'host-app', expiresIn = 3600, algorithm = 'HS256', keyId } = options;
  const key = options.key ?? createSecretKey(Buffer.from(DEMO.jwtSecret));
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const claims: Record<string, unknown> = { aud: 'fairshare', sub: subject, scope, iat: nowSeconds };
  if (expiresIn !== null) claims['exp'] = nowSeconds + expiresIn;
  const payload = Object.entries({ ...claims, ...options.claims }).filter(([, value]) => value !== undefined);
  return jwt.sign(Object.fromEntries(payload), algorithm === 'none' ? '' : key, {
    algorithm,
    ...(keyId && { keyid: keyId }),
  });
}
