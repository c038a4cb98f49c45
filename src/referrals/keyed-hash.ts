import { hash } from 'node:crypto';

/** Of SHA-256, as RFC 2104 calls them B and L. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** More than any address has. */
const TEXT_BYTES_MAX = 64;

/**
 * HMAC-SHA256 of short ASCII texts under one key: Node's SHA-256, put together as RFC 2104 says, so that it is what
 * `createHmac` would give to the last bit. Each call of that makes an object that the garbage collector must end apart,
 * which costs a visitor three times what the hashing does; this is the dearest step on the way of a click.
 */
export class KeyedHash {
  private readonly inner = Buffer.alloc(BLOCK_BYTES + TEXT_BYTES_MAX, INNER_PAD);
  private readonly outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, OUTER_PAD);

  /** @throws Error when the key is longer than a block: HMAC would hash it first, and nobody here has such a one. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new Error(`a key of ${key.length} bytes`);
    for (const [place, byte] of key.entries()) {
      this.inner[place] = byte ^ INNER_PAD;
      this.outer[place] = byte ^ OUTER_PAD;
    }
  }

  /**
   * In hexadecimal.
   * @throws Error when the text is longer than 64 characters.
   */
  of(text: string): string {
    if (text.length > TEXT_BYTES_MAX) throw new Error(`a text of ${text.length} characters`);
    const end = BLOCK_BYTES + this.inner.write(text, BLOCK_BYTES, 'latin1');
    // As a string of one character for each byte: making a buffer costs more than another hash.
    this.outer.write(hash('sha256', this.inner.subarray(0, end), 'binary'), BLOCK_BYTES, 'latin1');
    return hash('sha256', this.outer);
  }
}
