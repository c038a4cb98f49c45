import { hkdfSync } from 'node:crypto';
import type { Config } from './config.js';

/** A key of 32 bytes that SESSION_SECRET gives for one purpose: whoever learns it learns no other. */
export function derivedKey({ sessionSecret }: Config, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', sessionSecret, '', `fairshare ${purpose}`, 32));
}
