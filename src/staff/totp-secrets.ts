import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { derivedKey } from './derived-key.js';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts the secrets of authenticators, so that a stolen backup opens no account: nonce, tag and ciphertext in one,
 * bound to the staff user, under a key that SESSION_SECRET gives.
 */
@Injectable()
export class TotpSecrets {
  private readonly key: Buffer;

  constructor(config: Config) {
    this.key = derivedKey(config, 'authenticator secrets');
  }

  encrypt(secret: Uint8Array, staffUserId: string): Uint8Array<ArrayBuffer> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key, nonce).setAAD(Buffer.from(staffUserId));
    const encrypted = Buffer.concat([cipher.update(secret), cipher.final()]);
    return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), encrypted]));
  }

  /** Null when it was encrypted under another SESSION_SECRET, or for somebody else. */
  decrypt(encrypted: Uint8Array, staffUserId: string): Uint8Array | null {
    const decipher = createDecipheriv(ALGORITHM, this.key, encrypted.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(staffUserId))
      .setAuthTag(encrypted.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(encrypted.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    } catch {
      return null;
    }
  }
}
