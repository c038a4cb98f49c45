import { hkdfSync } from 'node:crypto';
import type { Config } from './config.js';

/** A key of 32 bytes that SESSION_SECRET gives for one purpose: whoever learns it learns no other. */
export function derivedKey({ sessionSecret }: Config, purpose: string): Buffer {
  return keyFrom(sessionSecret, purpose);
}

/** The same, and after it the one that SESSION_SECRET_PREVIOUS gives: for reading what was made before the change. */
export function readingKeys(config: Config, purpose: string): Buffer[] {
  const { sessionSecretPrevious: previous } = config;
  return [derivedKey(config, purpose), ...(previous === undefined ? [] : [keyFrom(previous, purpose)])];
}

function keyFrom(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `fairshare ${purpose}`, 32));
}
