import { Injectable } from '@nestjs/common';
import { decrypt, encrypt } from '../common/encryption.js';
import { Config } from '../config/config.js';
import { derivedKey } from '../config/derived-key.js';

/** Keeps the secrets of authenticators encrypted, each for its staff user, under a key that SESSION_SECRET gives. */
@Injectable()
export class TotpSecrets {
  private readonly key: Buffer;

  constructor(config: Config) {
    this.key = derivedKey(config, 'authenticator secrets');
  }

  encrypt(secret: Uint8Array, staffUserId: string): Uint8Array<ArrayBuffer> {
    return encrypt(secret, this.key, staffUserId);
  }

  /** Null when it was encrypted under another SESSION_SECRET, or for somebody else. */
  decrypt(encrypted: Uint8Array, staffUserId: string): Uint8Array | null {
    return decrypt(encrypted, this.key, staffUserId);
  }
}
