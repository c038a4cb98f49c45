import { createHmac, randomBytes } from 'node:crypto';
import { KeyedHash } from './keyed-hash.js';

describe('KeyedHash', () => {
  it.each([
    ['0b'.repeat(20), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    ['4a656665', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  ])('gives what RFC 4231 says for the key %s', (key, text, expected) => {
    expect(new KeyedHash(Buffer.from(key, 'hex')).of(text)).toBe(expected);
  });

  it('is what Node takes for the HMAC of any address under any key, whatever was hashed before', () => {
    for (let length = 0; length <= 64; length++) {
      const key = randomBytes(length);
      const keyed = new KeyedHash(key);
      for (const text of ['', '203.0.113.9', '20010db800010002/64', 'x'.repeat(64), '192.0.2.1']) {
        expect(keyed.of(text)).toBe(createHmac('sha256', key).update(text).digest('hex'));
      }
    }
  });

  it('refuses a key that is longer than a block, and a text that is longer than its room', () => {
    expect(() => new KeyedHash(randomBytes(65))).toThrow('65 bytes');
    expect(() => new KeyedHash(randomBytes(32)).of('x'.repeat(65))).toThrow('65 characters');
  });
});
