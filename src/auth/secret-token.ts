import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;

/** What a browser or a link holds; the database keeps its hash. */
export function newSecretToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** A token is long and random: a plain hash of it tells nothing, and is found by an index. */
export function hashOfToken(token: string): Buffer<ArrayBuffer> {
  return Buffer.from(createHash('sha256').update(token).digest());
}
