import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Unguessable characters from Stripe's alphabet. Bytes beyond a whole multiple of it are thrown away. */
export function randomToken(length: number): string {
  const limit = 256 - (256 % ALPHABET.length);
  let token = '';
  while (token.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && token.length < length) token += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return token;
}

/** A new id that looks like Stripe's: `newId('tr')` → `tr_1Pgc7BB7WZ01zgkWVJfE40RX`. */
export function newId(prefix: string): string {
  return `${prefix}_1${randomToken(prefix === 'acct' ? 15 : 23)}`;
}
