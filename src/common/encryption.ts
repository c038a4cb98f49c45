import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts what must be read again, so that a stolen backup gives nothing away: nonce, tag and ciphertext in one, bound
 * to whom it belongs to, under a key of 32 bytes.
 */
export function encrypt(plain: Uint8Array, key: Buffer, ownerId: string): Uint8Array<ArrayBuffer> {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(ownerId));
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), encrypted]));
}

/** Null when it was encrypted under none of these keys, or for somebody else. */
export function decrypt(encrypted: Uint8Array, keys: Buffer[], ownerId: string): Buffer | null {
  for (const key of keys) {
    const plain = decryptUnder(key, encrypted, ownerId);
    if (plain !== null) return plain;
  }
  return null;
}

function decryptUnder(key: Buffer, encrypted: Uint8Array, ownerId: string): Buffer | null {
  const decipher = createDecipheriv(ALGORITHM, key, encrypted.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(ownerId))
    .setAuthTag(encrypted.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(encrypted.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
