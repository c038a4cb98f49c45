import { Injectable } from '@nestjs/common';
import { decrypt, encrypt } from '../common/encryption.js';
import { Config } from '../config/config.js';
import { readingKeys } from '../config/derived-key.js';

/** Keeps the secrets of authenticators encrypted, each for its staff user, under a key that SESSION_SECRET gives. */
@Injectable()
export class TotpSecrets {
  private readonly keys: Buffer[];

  constructor(config: Config) {
    this.keys = readingKeys(config, 'authenticator secrets');
  }

  encrypt(secret: Uint8Array, staffUserId: string): Uint8Array<ArrayBuffer> {
    return encrypt(secret, this.keys[0] as Buffer, staffUserId);
  }

  /** Null when it was encrypted under a SESSION_SECRET that is not known any more, or for somebody else. */
  decrypt(encrypted: Uint8Array, staffUserId: string): Uint8Array | null {
    return decrypt(encrypted, this.keys, staffUserId);
  }
}
